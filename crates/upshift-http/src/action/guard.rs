//! Against requests that another site has forged in the browser of somebody who may act.
//!
//! Two guards, each enough by itself. The request must come from a page of the same origin, which browsers say in
//! Sec-Fetch-Site and Origin and no script can change. And it must bring a token in a header of its own: no other site can
//! read the token, nor set the header without asking first, which nobody allows. The token is a MAC of who acts and of
//! the hour, so nothing is stored, and it is of no use to anybody else. OWASP, Cross-Site Request Forgery Prevention.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use axum::http::request::Parts;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{Allowed, Auth, Refused};

/// The header with the token.
const TOKEN: &str = "x-upshift-token";

/// How long a token is made for; the one before counts as well.
const PERIOD: u64 = 3600;

/// Where actions are let through, or not.
pub(crate) struct Desk {
    auth: Box<dyn Auth>,
    secret: Secret,
    origin: Option<String>,
}

/// What tokens are made with.
enum Secret {
    Known(Vec<u8>),
    /// The system gave no random bytes: then there are no tokens, and no actions.
    None,
}

impl Desk {
    pub(crate) fn new(auth: Box<dyn Auth>, secret: Option<Vec<u8>>, origin: Option<String>) -> Desk {
        let secret = secret.map_or_else(random, Secret::Known);
        Desk { auth, secret, origin }
    }

    pub(crate) async fn allow(&self, request: &Parts) -> Result<Allowed, Refused> {
        self.auth.allow(request).await
    }

    /// Whether the request comes from a page of this origin, and could not come from a form of any.
    pub(crate) fn is_of_the_page(&self, request: &Parts) -> Result<(), Refused> {
        let headers = &request.headers;
        let forged = |why: &str| Err(Refused::new(StatusCode::FORBIDDEN, why));
        match (text(headers, "sec-fetch-site"), text(headers, ORIGIN.as_str())) {
            (Some(site), _) if site != "same-origin" => return forged("the request comes from another site"),
            (_, Some(origin)) if !self.is_ours(origin, headers) => {
                return forged("the request comes from a page of another origin");
            }
            (None, None) => return forged("the request does not say which page it comes from"),
            _ => {}
        }
        match text(headers, CONTENT_TYPE.as_str()) {
            Some(kind) if kind.starts_with("application/json") => Ok(()),
            _ => Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "an action is JSON")),
        }
    }

    fn is_ours(&self, origin: &str, headers: &HeaderMap) -> bool {
        match &self.origin {
            Some(ours) => origin == ours,
            None => {
                let host = origin.split_once("://").map(|(_, host)| host);
                host.is_some() && host == text(headers, HOST.as_str())
            }
        }
    }

    /// The token of somebody, for this hour.
    pub(crate) fn token(&self, allowed: &Allowed) -> String {
        let bytes = self.mac(allowed, period()).map(|mac| mac.finalize().into_bytes());
        bytes.map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect()).unwrap_or_default()
    }

    /// Whether the request has brought their token.
    pub(crate) fn has_token(&self, request: &Parts, allowed: &Allowed) -> Result<(), Refused> {
        let brought = text(&request.headers, TOKEN).and_then(bytes);
        let now = period();
        let fits = |period: u64| match (self.mac(allowed, period), &brought) {
            (Some(mac), Some(brought)) => mac.verify_slice(brought).is_ok(),
            _ => false,
        };
        match fits(now) || fits(now.saturating_sub(1)) {
            true => Ok(()),
            false => Err(Refused::new(
                StatusCode::FORBIDDEN,
                "the token does not fit: load the page again; instances behind one address need one secret",
            )),
        }
    }

    fn mac(&self, allowed: &Allowed, period: u64) -> Option<Hmac<Sha256>> {
        let Secret::Known(secret) = &self.secret else { return None };
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        mac.update(b"upshift page\0");
        mac.update(&period.to_be_bytes());
        mac.update(allowed.who.as_bytes());
        Some(mac)
    }
}

fn random() -> Secret {
    let mut secret = vec![0; 32];
    match getrandom::fill(&mut secret) {
        Ok(()) => Secret::Known(secret),
        Err(cause) => {
            tracing::error!(%cause, "no random bytes: actions on the page are refused");
            Secret::None
        }
    }
}

fn period() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / PERIOD)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The bytes of a text of hexadecimal digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect()
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("origin", &self.origin).finish_non_exhaustive()
    }
}
