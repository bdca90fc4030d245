//! Actions: off unless the service says who may, and never for a page of another site.

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use expect_test::expect;
use upshift::{Migrator, Target, Version};
use upshift_http::{Allowed, Refused, Site, router};
use upshift_promises::releases::second_on;
use upshift_promises::{Database, files};

use crate::stage::{Answer, ask, get};

/// Whoever is in the header, but for `mallory`.
async fn auth(head: Parts) -> Result<Allowed, Refused> {
    match head.headers.get("x-user").and_then(|user| user.to_str().ok()) {
        Some("mallory") => Err(Refused::new(StatusCode::FORBIDDEN, "operators alone")),
        Some(user) => Ok(Allowed::to(user)),
        None => Err(Refused::new(StatusCode::UNAUTHORIZED, "log in first")),
    }
}

fn acting(migrator: Migrator) -> Router {
    Site::new(migrator).actions(auth).router()
}

async fn token(router: &Router, user: &str) -> String {
    let request = Request::get("/session.json").header("x-user", user).body(Body::empty()).unwrap();
    ask(router, request).await.json()["token"].as_str().unwrap().to_owned()
}

/// The headers of a request, written as they are sent.
async fn post(router: &Router, path: &str, headers: &str, body: &str) -> Answer {
    let mut request = Request::post(path);
    for (name, value) in headers.split("; ").filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    ask(router, request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn done(router: &Router, user: &str, action: &str, body: &str) -> Answer {
    let token = token(router, user).await;
    let headers = format!(
        "host: orders; origin: https://orders; sec-fetch-site: same-origin; content-type: application/json; x-user: {user}; x-upshift-token: {token}"
    );
    post(router, &format!("/actions/{action}"), &headers, body).await
}

#[tokio::test]
async fn without_an_auth_hook_nothing_can_be_done() {
    let db = Database::new().await;
    let router = router(second_on(&db).await);
    assert_eq!(get(&router, "/session.json").await.status, 404);
    let headers = "host: orders; origin: https://orders; content-type: application/json; x-user: anna";
    let answer = post(&router, "/actions/hold", headers, r#"{"reason":"why"}"#).await;
    assert_eq!(answer.status, 404, "{}", answer.text);
    assert_eq!(db.rows("select count(*) from upshift.word").await, "0");
}

#[tokio::test]
async fn what_is_not_of_the_page_is_refused_before_anybody_is_asked() {
    let db = Database::new().await;
    let router = acting(second_on(&db).await);
    let annas = token(&router, "anna").await;
    let berts = token(&router, "bert").await;
    let json = "content-type: application/json";
    let own = "host: orders; origin: https://orders; sec-fetch-site: same-origin";
    let cases = [
        ("no origin", format!("host: orders; {json}; x-user: anna; x-upshift-token: {annas}")),
        (
            "another site",
            format!(
                "host: orders; sec-fetch-site: cross-site; {json}; x-user: anna; x-upshift-token: {annas}"
            ),
        ),
        (
            "a sister site",
            format!(
                "host: orders; sec-fetch-site: same-site; {json}; x-user: anna; x-upshift-token: {annas}"
            ),
        ),
        (
            "typed in",
            format!("host: orders; sec-fetch-site: none; {json}; x-user: anna; x-upshift-token: {annas}"),
        ),
        (
            "another origin",
            format!("host: orders; origin: https://evil; {json}; x-user: anna; x-upshift-token: {annas}"),
        ),
        (
            "a hidden origin",
            format!("host: orders; origin: null; {json}; x-user: anna; x-upshift-token: {annas}"),
        ),
        ("a form", format!("{own}; content-type: text/plain; x-user: anna; x-upshift-token: {annas}")),
        ("nobody", format!("{own}; {json}; x-upshift-token: {annas}")),
        ("who may not", format!("{own}; {json}; x-user: mallory; x-upshift-token: {annas}")),
        ("no token", format!("{own}; {json}; x-user: anna")),
        ("no token at all", format!("{own}; {json}; x-user: anna; x-upshift-token: nonsense")),
        ("somebody else's token", format!("{own}; {json}; x-user: anna; x-upshift-token: {berts}")),
    ];
    let mut table = Vec::new();
    for (name, headers) in cases {
        let answer = post(&router, "/actions/hold", &headers, r#"{"reason":"why"}"#).await;
        let why = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        table.push(format!("{name}: {} {why}", answer.status.as_u16()));
    }
    expect![[r#"
        no origin: 403 the request does not say which page it comes from
        another site: 403 the request comes from another site
        a sister site: 403 the request comes from another site
        typed in: 403 the request comes from another site
        another origin: 403 the request comes from a page of another origin
        a hidden origin: 403 the request comes from a page of another origin
        a form: 415 an action is JSON
        nobody: 401 log in first
        who may not: 403 operators alone
        no token: 403 the token does not fit: load the page again; instances behind one address need one secret
        no token at all: 403 the token does not fit: load the page again; instances behind one address need one secret
        somebody else's token: 403 the token does not fit: load the page again; instances behind one address need one secret"#]].assert_eq(&table.join("\n"));
    let get = Request::get("/actions/hold").header("x-user", "anna").body(Body::empty()).unwrap();
    assert_eq!(ask(&router, get).await.status, 405);
    assert_eq!(db.rows("select count(*) from upshift.word").await, "0");
}

#[tokio::test]
async fn a_request_that_is_not_understood_does_nothing() {
    let db = Database::new().await;
    let router = acting(second_on(&db).await);
    let cases = [
        ("hold", r#"{"reason":"  "}"#),
        ("hold", r#"{"reason":"why","all":true}"#),
        ("hold", "reason"),
        ("approve", r#"{"reason":"why"}"#),
        ("approve", r#"{"reason":"why","id":"4; drop table orders"}"#),
        ("approve", r#"{"reason":"why","id":"2"}"#),
        ("pause", r#"{"reason":"why","id":"2"}"#),
        ("drop", r#"{"reason":"why"}"#),
    ];
    let mut table = Vec::new();
    for (action, body) in cases {
        let answer = done(&router, "anna", action, body).await;
        let why = answer.json()["error"]["message"].as_str().unwrap().lines().next().unwrap().to_owned();
        table.push(format!("{action} {body}: {} {why}", answer.status.as_u16()));
    }
    expect![[r#"
        hold {"reason":"  "}: 422 say why: the audit keeps it
        hold {"reason":"why","all":true}: 422 the request is not understood: unknown field `all`, expected `id` or `reason` at line 1 column 21
        hold reason: 422 the request is not understood: expected value at line 1 column 1
        approve {"reason":"why"}: 422 `` is no version
        approve {"reason":"why","id":"4; drop table orders"}: 422 `4; drop table orders` is no version
        approve {"reason":"why","id":"2"}: 409 2_state is no contract
        pause {"reason":"why","id":"2"}: 409 backfill 2: it has not begun, or is applied already
        drop {"reason":"why"}: 404 there is no action `drop`"#]].assert_eq(&table.join("\n"));
    assert_eq!(db.rows("select count(*) from upshift.word").await, "0");
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(20_000));
    assert_eq!(done(&router, "anna", "hold", &long).await.status, 413);
}

#[tokio::test]
async fn what_somebody_does_is_audited_in_their_name() {
    let db = Database::new().await;
    let router = acting(second_on(&db).await);
    for (action, body) in [
        ("hold", r#"{"reason":"Black Friday"}"#),
        ("release", r#"{}"#),
        ("approve", r#"{"reason":"looked at it","id":"4"}"#),
    ] {
        let answer = done(&router, "anna", action, body).await;
        assert_eq!(answer.status, 204, "{action}: {}", answer.text);
    }
    expect![[r#"
        hold | Black Friday (by anna)
        release | by anna
        approve | looked at it (by anna)"#]]
    .assert_eq(
        &db.rows("select action, detail from upshift.audit where action <> 'apply' order by id").await,
    );
    // What was said is shown at once, not a second later.
    let said = get(&router, "/status.json").await.json();
    assert_eq!(said["words"][0]["reason"], "looked at it (by anna)", "{said}");
}

#[tokio::test]
async fn a_backfill_is_paused_and_resumed_in_their_name() {
    let db = Database::new().await;
    db.run("create table t (id int primary key, n int); insert into t select generate_series(1, 3000)").await;
    let set = files(&[
        ("1_a.sql", "select 1"),
        (
            "2_fill.sql",
            "-- upshift: phase backfill\n-- upshift: backfill table=t batch=10 max-batch=10\nupdate t set n = 1;",
        ),
    ]);
    let migrator = db.migrator(set);
    migrator.up(Target::Version(Version::new(1).unwrap())).await.unwrap();
    let fill = Version::new(2).unwrap();
    migrator.backfills().work(fill, std::time::Duration::from_millis(1)).await.unwrap();
    let router = acting(migrator.clone());
    let body = r#"{"reason":"lunch","id":"2"}"#;
    assert_eq!(done(&router, "anna", "pause", body).await.status, 204);
    let state = migrator.backfills().progress().await.unwrap().remove(0).state.to_string();
    assert!(state.starts_with("paused") && state.contains("lunch (by anna)"), "{state}");
    let again = done(&router, "anna", "pause", body).await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(done(&router, "anna", "resume", body).await.status, 204);
    assert_eq!(
        migrator.backfills().progress().await.unwrap().remove(0).state,
        upshift::BackfillState::Running
    );
}

/// Several instances behind one address: the token of one is good for another, where they share the secret.
#[tokio::test]
async fn instances_with_one_secret_take_each_others_tokens() {
    let db = Database::new().await;
    let migrator = second_on(&db).await;
    let one = Site::new(migrator.clone()).secret("the same").actions(auth).router();
    let other = Site::new(migrator.clone()).actions(auth).secret("the same").router();
    assert_eq!(token(&one, "anna").await, token(&other, "anna").await);
    assert_ne!(token(&one, "anna").await, token(&acting(migrator), "anna").await);
}

/// Behind a proxy that rewrites the host, the service says where its page is.
#[tokio::test]
async fn the_origin_may_be_said() {
    let db = Database::new().await;
    let router = Site::new(second_on(&db).await).actions(auth).origin("https://orders.internal").router();
    let token = token(&router, "anna").await;
    let rest =
        format!("host: 10.0.0.7; content-type: application/json; x-user: anna; x-upshift-token: {token}");
    let body = r#"{"reason":"why"}"#;
    let own = format!("origin: https://orders.internal; {rest}");
    assert_eq!(post(&router, "/actions/hold", &own, body).await.status, 204);
    let plain = format!("origin: http://orders.internal; {rest}");
    assert_eq!(post(&router, "/actions/hold", &plain, body).await.status, 403);
}
