//! Who may act: the service's own decision.

use async_trait::async_trait;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::probe::JSON;

/// Says who asks, and whether they may: the service's own sessions, roles, or what its proxy has put into a header.
///
/// A closure does as well, which is given a copy of the request's head:
///
/// ```
/// use axum::http::{StatusCode, request::Parts};
/// use upshift_http::{Allowed, Refused};
/// # let site = |site: upshift_http::Site| {
/// let site = site.actions(|head: Parts| async move {
///     match head.headers.get("x-forwarded-user").and_then(|user| user.to_str().ok()) {
///         Some(user) => Ok(Allowed::to(user)),
///         None => Err(Refused::new(StatusCode::UNAUTHORIZED, "log in first")),
///     }
/// });
/// # };
/// # use upshift_http::axum;
/// ```
#[async_trait]
pub trait Auth: Send + Sync {
    /// Who asks, or why they may not. Asked for each request, before anything is looked at.
    async fn allow(&self, request: &Parts) -> Result<Allowed, Refused>;
}

#[async_trait]
impl<F, A> Auth for F
where
    F: Fn(Parts) -> A + Send + Sync,
    A: Future<Output = Result<Allowed, Refused>> + Send,
{
    async fn allow(&self, request: &Parts) -> Result<Allowed, Refused> {
        self(request.clone()).await
    }
}

/// Somebody who may act.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allowed {
    /// Who they are, as the audit will name them.
    pub who: String,
}

impl Allowed {
    /// This one may.
    pub fn to(who: impl Into<String>) -> Allowed {
        Allowed { who: who.into() }
    }
}

/// Why somebody may not, or why it cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    status: StatusCode,
    why: String,
}

impl Refused {
    /// With this status, and in these words, which the page shows.
    pub fn new(status: StatusCode, why: impl Into<String>) -> Refused {
        Refused { status, why: why.into() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "upshift": upshift_report::json::made_by(), "error": { "message": self.why } });
        (self.status, JSON, format!("{body:#}\n")).into_response()
    }
}
