//! The page is held to what its headers say: its own files and nothing else, below any path, and texts are texts.

use std::path::Path;

use axum::Router;
use axum::http::Request;
use upshift_http::router;
use upshift_promises::{Database, files};

use crate::stage::{ask, get};

/// The database goes with it.
async fn mounted(prefix: &str) -> (Database, Router) {
    let db = Database::new().await;
    let app = Router::new().nest(prefix, router(db.migrator(files(&[]))));
    (db, app)
}

fn attributes<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    html.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn the_page_works_below_any_path() {
    let (_db, app) = mounted("/deep/upshift").await;
    let first = get(&app, "/deep/upshift").await;
    assert_eq!((first.status.as_u16(), first.header("location")), (307, "./upshift/index.html"));
    let page = get(&app, "/deep/upshift/index.html").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    let wanted = [attributes(&page.text, "href"), attributes(&page.text, "src")].concat();
    let files = wanted.into_iter().filter(|path| !path.starts_with('#'));
    let files: Vec<&str> = files.collect();
    assert!(files.len() > 4, "{files:?}");
    for path in files {
        assert!(!path.starts_with('/') && !path.contains(':'), "{path} is not relative");
        assert_eq!(get(&app, &format!("/deep/upshift/{path}")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn every_module_that_the_page_loads_is_there() {
    let (_db, app) = mounted("/upshift").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/upshift-http/static");
    for entry in folder.read_dir().unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert_eq!(get(&app, &format!("/upshift/{name}")).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn every_answer_has_its_guards() {
    let (_db, app) = mounted("/upshift").await;
    for path in ["index.html", "page.js", "status.json", "livez", "metrics", "nothing", "session.json", ""] {
        let answer = get(&app, format!("/upshift/{path}").trim_end_matches('/')).await;
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn a_browser_that_has_a_file_is_not_sent_it_again() {
    let (_db, app) = mounted("/upshift").await;
    let tag = get(&app, "/upshift/page.js").await.header("etag").to_owned();
    let again =
        Request::get("/upshift/page.js").header("if-none-match", &tag).body(Default::default()).unwrap();
    let again = ask(&app, again).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    assert_ne!(get(&app, "/upshift/page.css").await.header("etag"), tag);
}

/// What the policy refuses is not written in the first place; and there is no way from a text to an element.
#[test]
fn the_files_have_nothing_inline_and_nothing_from_outside() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/upshift-http/static");
    let forbidden = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "<script>",
        "<style",
        " style=",
        " onclick",
        " onload",
        "javascript:",
        "@import",
        "https://",
        "url(",
        "setAttribute(\"style\"",
        "DOMParser",
    ];
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() <= 400, "{}", path.display());
        let words = forbidden.iter().filter(|word| text.contains(*word));
        found.extend(words.map(|word| format!("{}: {word}", path.display())));
        let outside = text.match_indices("http://").map(|(at, _)| &text[at..]);
        found.extend(
            outside
                .filter(|rest| !rest.starts_with("http://www.w3.org/2000/svg"))
                .map(|rest| rest[..30.min(rest.len())].to_owned()),
        );
    }
    assert_eq!(found, Vec::<String>::new());
}
