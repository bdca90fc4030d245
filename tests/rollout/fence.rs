//! Behind a contract nobody comes in who needs what it removed; with it taken back everybody may.

use expect_test::expect;
use futures_util::future::join;
use upshift::Fitness;
use upshift_promises::Database;
use upshift_promises::releases::{first, first_on, hide, is_hidden, quick, release, second, second_on, tick};

#[tokio::test]
async fn old_code_is_refused_with_words_at_boot_and_when_it_joins() {
    let db = Database::new().await;
    release(&db, second(), "2.0.0").run().await.unwrap();
    let old = release(&db, first(), "1.0.0");
    let refused = old.run().await.unwrap_err();
    expect![[r#"
        no plan can be made: 4_hide_status is a contract this binary does not know: what it took away, this code may need
          help: start a release that has it; or give the old code back what it needs with `migrator.rollout().unhide(version)`, as long as nothing was purged"#]]
    .assert_eq(&refused.render());
    assert!(refused.is_fenced());
    let refused = old.join().await.unwrap_err();
    assert!(refused.is_fenced(), "{refused}");
    assert!(!old.health().await.unwrap().is_fit());
    assert_eq!(db.rows("select count(*) from upshift.instance").await, "0");
}

#[tokio::test]
async fn what_was_hidden_is_given_back_and_stays_until_it_is_released() {
    let db = Database::new().await;
    first_on(&db).await;
    let new = second_on(&db).await;
    let member = new.register().await.unwrap();
    db.run("insert into orders (status) values ('paid')").await;
    tick(&member).await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");

    // The old binary does it itself: the way back is in the history.
    let old = release(&db, first(), "1.0.0");
    let report = old.rollout().unhide(hide()).await.unwrap();
    assert_eq!(upshift_promises::steps(&report), "down 4_hide_status");
    assert_eq!(db.rows("select status from orders").await, "paid");
    old.run().await.unwrap();
    let joined = old.register().await.unwrap();
    assert_eq!(joined.fitness(), Fitness::Fit);
    joined.leave().await.unwrap();
    drop(old);
    let held = tick(&member).await;
    expect!["4_hide_status: closed: held by postgres: unhidden for old code"].assert_eq(&held);
    new.rollout().release().await.unwrap();
    tick(&member).await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
    expect![[r#"
        apply | 4 | done | -
        hold | 4 | done | unhidden for old code
        revert | 4 | done | -
        release | - | done | 
        apply | 4 | done | -"#]]
    .assert_eq(
        &db.rows("select action, version, outcome, detail from upshift.audit where id > 2 order by id").await,
    );
    assert!(matches!(new.audit().verify().await.unwrap(), upshift::AuditVerdict::Whole { .. }));
}

/// An old image that starts just when the contract runs: either it is in, and the contract waits, or it stays out.
#[tokio::test]
async fn of_forty_old_starts_that_race_the_fence_none_slips_in() {
    let db = Database::new().await;
    let old = first_on(&db).await;
    let new = second_on(&db).await;
    let policy =
        upshift::GatePolicy { checks: 1, allowed: vec![String::new(), "orders-1.0.0".to_owned()], ..quick() };
    let member = release(&db, second(), "2.0.0").gate(policy).register().await.unwrap();
    let (mut came_in, mut stayed_out) = (0, 0);
    let began = std::time::Instant::now();
    member.tick().await.unwrap();
    let span = began.elapsed();
    back(&new).await;
    for trial in 0..40 {
        let late = async {
            // All over the time the contract takes, and as long again.
            tokio::time::sleep(span * trial / 16).await;
            old.register().await
        };
        let (contracted, joined) = join(member.tick(), late).await;
        contracted.unwrap();
        match joined {
            Ok(joined) => {
                assert!(!is_hidden(&db).await, "trial {trial}: it is alive behind the fence");
                came_in += 1;
                joined.leave().await.unwrap();
            }
            Err(refused) => {
                assert!(refused.is_fenced(), "{refused}");
                assert!(is_hidden(&db).await, "trial {trial}: refused without a fence");
                stayed_out += 1;
                back(&new).await;
            }
        }
    }
    eprintln!("of 40: {came_in} came in before the fence, {stayed_out} stayed out");
    assert!(came_in > 0 && stayed_out > 0, "the race was none");
}

/// The contract is taken back, and may run again.
async fn back(new: &upshift::Migrator) {
    new.rollout().unhide(hide()).await.unwrap();
    new.rollout().release().await.unwrap();
}
