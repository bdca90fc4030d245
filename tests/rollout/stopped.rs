//! A process that was stopped, and wakes when its lease is long over, gets errors instead of wrong rows, and knows why.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use upshift::GatePolicy;
use upshift_promises::Database;
use upshift_promises::releases::{eventually, first_on, is_hidden, quick, release, second, second_on, tick};

async fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status().await.unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn a_stopped_process_that_wakes_behind_the_contract_is_told_and_does_no_harm() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    second_on(&db).await;
    db.run("insert into orders (status) values ('paid')").await;
    let url = format!("{}?application_name=orders-1.0.0", db.url());
    let mut service = Command::new(env!("CARGO_BIN_EXE_serve"))
        .args([url.as_str(), "1000"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("serves; fit"));

    let member = release(&db, second(), "2.0.0").register().await.unwrap();
    assert!(tick(&member).await.contains("still needs it"));
    signal(service.id().unwrap(), "STOP").await;
    // Its sessions are still there, so it is not taken for gone though its lease is over.
    eventually("its lease is over, and it may be alive", async || {
        tick(&member).await.contains("looks like those of an instance whose lease is over")
    })
    .await;
    assert!(!is_hidden(&db).await);
    // A person says it is gone, and errs.
    let policy = GatePolicy { allowed: vec![String::new(), "orders-1.0.0".to_owned()], ..quick() };
    let sure = release(&db, second(), "2.0.0").gate(policy).register().await.unwrap();
    eventually("the contract runs", async || tick(&sure).await == "contracted 4_hide_status").await;

    signal(service.id().unwrap(), "CONT").await;
    let mut said = Vec::new();
    let told = tokio::time::timeout(Duration::from_secs(20), async {
        while let Some(line) = lines.next_line().await.unwrap() {
            let told = line.ends_with("applied, and not known to this binary: 4_hide_status");
            let done = told && !line.starts_with("serves");
            said.push(line);
            if done {
                break;
            }
        }
    });
    told.await.unwrap_or_else(|_| panic!("it was not told; it said {said:?}"));
    // An answer from before it was stopped may still lie in its socket; it knows by then that it must not serve.
    let asked_before = usize::from(said[0].starts_with("serves; ") && !said[0].ends_with("; fit"));
    assert!(
        said.iter().skip(asked_before).all(|line| line.contains("column \"status\" does not exist")),
        "{said:?}"
    );
    drop(service.stdin.take());
    service.wait().await.unwrap();
}
