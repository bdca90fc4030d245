//! "TLS" in the clear: for what the driver does differently when a configuration insists on encryption.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

/// A connector that encrypts nothing, for a proxy whose TLS is [pretended](super::Tls::Pretended).
#[derive(Debug, Clone, Copy)]
pub struct Pretended;

/// A stream as it is.
pub struct Clear<S>(S);

impl<S: AsyncRead + AsyncWrite + Unpin> MakeTlsConnect<S> for Pretended {
    type Stream = Clear<S>;
    type TlsConnect = Pretended;
    type Error = io::Error;

    fn make_tls_connect(&mut self, _domain: &str) -> io::Result<Pretended> {
        Ok(Pretended)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsConnect<S> for Pretended {
    type Stream = Clear<S>;
    type Error = io::Error;
    type Future = Ready<io::Result<Clear<S>>>;

    fn connect(self, stream: S) -> Self::Future {
        ready(Ok(Clear(stream)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Clear<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Clear<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Clear<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
