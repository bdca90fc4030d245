//! A caller of the service: just enough HTTP for the demo and the tests, so that they need no client library.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::Error;

/// Who calls the service at one address, for one shop.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// Where the service listens.
    pub address: SocketAddr,
    /// For which shop.
    pub shop: &'static str,
}

/// What the service answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Caller {
    /// Asks.
    ///
    /// # Errors
    /// The service does not answer, or not in JSON.
    pub async fn get(&self, path: &str) -> Result<Answer, Error> {
        self.send("GET", path, "").await
    }

    /// Sends.
    ///
    /// # Errors
    /// As [`Caller::get`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, Error> {
        self.send("POST", path, &body.to_string()).await
    }

    /// Asks for the status code alone, whatever the body is.
    ///
    /// # Errors
    /// The service does not answer.
    pub async fn status(&self, path: &str) -> Result<u16, Error> {
        let response = self.exchange("GET", path, "").await?;
        let status = response.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.ok_or_else(|| Error::Story(format!("GET {path} was answered by `{response}`")))
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Result<Answer, Error> {
        let response = self.exchange(method, path, body).await?;
        parse(&response).ok_or_else(|| Error::Story(format!("{method} {path} was answered by `{response}`")))
    }

    async fn exchange(&self, method: &str, path: &str, body: &str) -> Result<String, Error> {
        let Caller { address, shop } = self;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nx-shop: {shop}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let call = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut response = String::new();
            stream.read_to_string(&mut response).await?;
            Ok(response)
        };
        call.await.map_err(|source| Error::Network { doing: format!("{method} {path}"), source })
    }
}

fn parse(response: &str) -> Option<Answer> {
    let (head, body) = response.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: serde_json::from_str(body).ok()? })
}
