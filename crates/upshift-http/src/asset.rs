//! The page: files that are part of the program, served as they are.

use axum::extract::OriginalUri;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH, LOCATION};
use axum::response::{IntoResponse, Response};

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    kind: &'static str,
    text: &'static str,
    /// What a browser knows it by.
    tag: u64,
}

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        Asset {
            path: concat!("/", $name),
            kind: $kind,
            text: include_str!(concat!("../static/", $name)),
            tag: fingerprint(include_str!(concat!("../static/", $name))),
        }
    };
}

const PAGE: Asset = asset!("index.html", "text/html; charset=utf-8");

/// What the page loads.
pub(crate) const ASSETS: [Asset; 9] = [
    asset!("page.css", "text/css; charset=utf-8"),
    asset!("page.js", "text/javascript; charset=utf-8"),
    asset!("dom.js", "text/javascript; charset=utf-8"),
    asset!("words.js", "text/javascript; charset=utf-8"),
    asset!("migrations.js", "text/javascript; charset=utf-8"),
    asset!("rollout.js", "text/javascript; charset=utf-8"),
    asset!("audit.js", "text/javascript; charset=utf-8"),
    asset!("actions.js", "text/javascript; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
];

/// `/`: the page. All that it asks for is relative to it, so that it works below any path; for that its own has to end
/// in a slash, or in a file.
pub(crate) async fn page(OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    match uri.path().rsplit('/').next() {
        Some("" | "index.html") | None => PAGE.answer(&headers),
        // Mounted by `nest`, which knows no path that ends in a slash. Relative as well: a proxy in front may have taken
        // off a prefix that is not known here.
        Some(last) => {
            (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, format!("./{last}/index.html"))]).into_response()
        }
    }
}

impl Asset {
    /// The file, or that the browser has it.
    pub(crate) fn answer(self, headers: &HeaderMap) -> Response {
        let tag = format!("\"{:016x}\"", self.tag);
        let caching = [(ETAG, tag.as_str()), (CACHE_CONTROL, "no-cache")];
        if headers.get(IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
            return (StatusCode::NOT_MODIFIED, caching).into_response();
        }
        (caching, [(CONTENT_TYPE, self.kind)], self.text).into_response()
    }
}

/// FNV-1a, 64 bits: tells one text of a file from another.
const fn fingerprint(text: &str) -> u64 {
    let (bytes, mut hash, mut at) = (text.as_bytes(), 0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}
