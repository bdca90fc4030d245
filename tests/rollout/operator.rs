//! An operator sees who holds a contract, and may hold, release, approve and forget; all of it is audited.

use expect_test::expect;
use upshift::{Gate, GatePolicy};
use upshift_promises::Database;
use upshift_promises::releases::{first_on, hide, kill, quick, release, second, second_on, tick};

/// The words of a status without what is another thing each time: ids, times, process ids.
fn plain(text: &str) -> String {
    let word = |word: &str| match word {
        _ if word.len() > 9
            && word.starts_with('(')
            && word[1..9].chars().all(|it| it.is_ascii_hexdigit()) =>
        {
            format!("(ID{}", &word[9..])
        }
        _ => word.to_owned(),
    };
    let line = |line: &str| {
        let words: Vec<String> = line.split(' ').map(word).collect();
        let line = words.join(" ");
        let Some(at) = line.find("seen ") else { return line };
        format!("{}seen A MOMENT ago", &line[..at])
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_status_tells_who_is_alive_and_who_waits_for_whom() {
    let db = Database::new().await;
    let _old = first_on(&db).await.register().await.unwrap();
    let new = second_on(&db).await;
    let _new = new.register().await.unwrap();
    new.rollout().hold("black friday").await.unwrap();
    let status = new.rollout().status().await.unwrap();
    expect![[r#"
        contract  4_hide_status  waits
                  - held by postgres: black friday
                  - orders 1.0.0 on test (ID) still needs it, seen A MOMENT ago
        instance  orders 1.0.0 on test (ID): alive, seen A MOMENT ago
        instance  orders 2.0.0 on test (ID): alive, seen A MOMENT ago
        hold      all contracts: black friday, said by postgres"#]]
    .assert_eq(&plain(&status.to_string()));
}

#[tokio::test]
async fn hold_and_release() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let new = second_on(&db).await;
    let member = new.register().await.unwrap();
    new.rollout().hold("black friday").await.unwrap();
    new.rollout().hold("black friday and the monday after").await.unwrap();
    expect!["4_hide_status: closed: held by postgres: black friday and the monday after"]
        .assert_eq(&tick(&member).await);
    new.rollout().release().await.unwrap();
    tick(&member).await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
    expect![[r#"
        hold | rollout | black friday
        hold | rollout | black friday and the monday after
        release | rollout | 
        apply | hide_status | -"#]]
    .assert_eq(&db.rows("select action, name, detail from upshift.audit where id > 2 order by id").await);
}

#[tokio::test]
async fn a_manual_gate_wants_a_person() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let new = second_on(&db).await;
    let policy = GatePolicy { gate: Gate::Manual, ..quick() };
    let member = release(&db, second(), "2.0.0").gate(policy).register().await.unwrap();
    expect!["4_hide_status: closed: nobody has approved it yet"].assert_eq(&tick(&member).await);
    new.rollout().approve(hide(), "looked at the dashboards").await.unwrap();
    tick(&member).await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
}

#[tokio::test]
async fn an_instance_nobody_saw_end_can_be_forgotten() {
    let db = Database::new().await;
    let first = first_on(&db).await;
    let (a, b) = (first.register().await.unwrap(), first.register().await.unwrap());
    let new = second_on(&db).await;
    let member = new.register().await.unwrap();
    // Both at the same moment, long ago: that is no proof of their end.
    db.run(&format!(
        "update upshift.instance set seen_at = now() - interval '1 hour', expires_at = now() - interval '59 min'
        where id in ('{}', '{}')",
        a.id(),
        b.id()
    ))
    .await;
    let ids = [a.id().to_owned(), b.id().to_owned()];
    kill(&db, "orders-1.0.0", [a, b]).await;
    let held = tick(&member).await;
    assert!(held.contains("2 leases ended together"), "{held}");
    for id in &ids {
        new.rollout().forget(id).await.unwrap();
    }
    let unknown = new.rollout().forget("nobody").await.unwrap_err();
    expect![[r#"
        no instance nobody is registered
          help: `migrator.rollout().status()` lists who is registered"#]]
    .assert_eq(&unknown.render());
    upshift_promises::releases::eventually("it runs", async || {
        tick(&member).await == "contracted 4_hide_status"
    })
    .await;
}

#[tokio::test]
async fn what_is_no_contract_or_not_applied_is_refused_and_nothing_is_said() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let new = second_on(&db).await;
    let version = |number| upshift::Version::new(number).unwrap();
    let rollout = new.rollout();
    expect![[r#"
        version 4 is not in the history
          help: see `migrator.status()` for what is in the history"#]]
    .assert_eq(&rollout.unhide(hide()).await.unwrap_err().render());
    expect![[r#"
        2_state is no contract
          help: `migrator.rollout().status()` lists the contracts of this set"#]]
    .assert_eq(&rollout.unhide(version(2)).await.unwrap_err().render());
    expect!["2_state is no contract"]
        .assert_eq(&rollout.approve(version(2), "looked").await.unwrap_err().to_string());
    expect!["version 99 is no contract"]
        .assert_eq(&rollout.approve(version(99), "looked").await.unwrap_err().to_string());
    assert_eq!(db.rows("select count(*) from upshift.word").await, "0");
    assert_eq!(db.rows("select count(*) from upshift.audit where id > 2").await, "0");
    assert_eq!(db.history().await, "1 | orders | applied\n2 | state | applied");
}

#[tokio::test]
async fn what_was_given_back_wants_to_be_approved_anew() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let policy = GatePolicy { gate: Gate::Manual, ..quick() };
    let new = second_on(&db).await.gate(policy);
    let member = new.register().await.unwrap();
    new.rollout().approve(hide(), "looked at the dashboards").await.unwrap();
    tick(&member).await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
    new.rollout().unhide(hide()).await.unwrap();
    new.rollout().release().await.unwrap();
    expect!["4_hide_status: closed: nobody has approved it yet"].assert_eq(&tick(&member).await);
}
