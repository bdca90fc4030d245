//! Setting the history right by hand: each call does one thing, and is audited.

use expect_test::expect;
use upshift::Version;
use upshift_promises::{Database, files, steps};

const TWO: &[(&str, &str)] = &[
    ("1_a.sql", "create table a ();\n-- upshift: down\ndrop table a;\n"),
    ("2_b.sql", "create table b ();\n-- upshift: down\ndrop table b;\n"),
];

const LAST: &str = "select action, outcome, coalesce(version::text, 'R'), name, detail from upshift.audit order by id desc limit 1";

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

#[tokio::test]
async fn an_edited_text_is_accepted() {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    let edited = [("1_a.sql", "create table if not exists a ();\n-- upshift: down\ndrop table a;\n"), TWO[1]];
    let error = db.migrator(files(&edited)).run().await.unwrap_err();
    expect![[r#"
        no plan can be made: 1_a was edited after it was applied
            --- as applied
            +++ 1_a.sql
            @@ -1 +1 @@
            -create table a ();
            +create table if not exists a ();
          help: put the change into a new migration; if the database already fits the new text, accept it with `migrator.repair().accept_checksum(version)`"#]].assert_eq(&error.render());
    db.migrator(files(&edited)).repair().accept_checksum(version(1)).await.unwrap();
    assert!(db.migrator(files(&edited)).run().await.unwrap().is_empty());
    assert_eq!(
        db.rows("select up from upshift.history where version = 1").await,
        "create table if not exists a ();\n"
    );
    let was = upshift::Checksum::of("create table a ();\n");
    assert_eq!(
        db.rows(LAST).await,
        format!("repair | done | 1 | a | the edited text was accepted; the checksum was {was}")
    );
}

#[tokio::test]
async fn only_what_is_applied_can_be_accepted() {
    let db = Database::new().await;
    let error = db.migrator(files(TWO)).repair().accept_checksum(version(1)).await.unwrap_err();
    expect![[r#"
        version 1 is not in the history
          help: see `migrator.status()` for what is in the history"#]]
    .assert_eq(&error.render());
    db.migrator(files(TWO)).run().await.unwrap();
    let error = db.migrator(files(TWO)).repair().accept_checksum(version(7)).await.unwrap_err();
    expect![[r#"
        no plan can be made: version 7 is no migration of this set
          help: the nearest version there is: 2"#]]
    .assert_eq(&error.render());
}

#[tokio::test]
async fn what_stopped_in_the_middle_keeps_its_place_when_its_text_is_accepted() {
    let db = Database::new().await;
    let broken = [("1_a.sql", "create table a (x int);\nvacuum nowhere;\n")];
    db.migrator(files(&broken)).run().await.unwrap_err();
    let rewritten = [("1_a.sql", "create table a (x int, y int);\nvacuum a;\n")];
    db.migrator(files(&rewritten)).run().await.unwrap_err();
    // A person has brought the schema to the new text by hand.
    db.run("alter table a add y int").await;
    db.migrator(files(&rewritten)).repair().accept_checksum(version(1)).await.unwrap();
    db.migrator(files(&rewritten)).run().await.unwrap();
    assert_eq!(db.history().await, "1 | a | applied");
}

#[tokio::test]
async fn a_missing_one_is_forgotten() {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    let without = [TWO[1]];
    db.migrator(files(&without)).run().await.unwrap_err();
    db.migrator(files(&without)).repair().forget(version(1)).await.unwrap();
    assert!(db.migrator(files(&without)).run().await.unwrap().is_empty());
    expect!["2 | b | applied"].assert_eq(&db.history().await);
    expect!["repair | done | 1 | a | forgotten by hand; its state was `applied`"]
        .assert_eq(&db.rows(LAST).await);
    assert_eq!(db.tables().await, "a b", "what it did stays");
}

#[tokio::test]
async fn a_failed_one_is_forgotten_and_begins_anew() {
    let db = Database::new().await;
    let broken = [("1_a.sql", "create table a (x int);\nvacuum nowhere;\n")];
    db.migrator(files(&broken)).run().await.unwrap_err();
    db.run("drop table a").await;
    db.migrator(files(&broken)).repair().forget(version(1)).await.unwrap();
    expect!["repair | done | 1 | a | forgotten by hand; its state was `failed at statement 2`"]
        .assert_eq(&db.rows(LAST).await);
    assert_eq!(steps(&db.migrator(files(TWO)).run().await.unwrap()), "up 1_a, up 2_b");
}

#[tokio::test]
async fn an_applied_one_of_the_set_is_not_forgotten() {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    let error = db.migrator(files(TWO)).repair().forget(version(1)).await.unwrap_err();
    expect![[r#"
        1_a cannot be forgotten: it is applied and in the set
          help: revert it with `migrator.down(…)`; `forget` is for failed and missing migrations"#]]
    .assert_eq(&error.render());
    let error = db.migrator(files(TWO)).repair().forget(version(7)).await.unwrap_err();
    expect![[r#"
        version 7 is not in the history
          help: see `migrator.status()` for what is in the history"#]]
    .assert_eq(&error.render());
    assert_eq!(db.rows("select count(*) from upshift.audit").await, "2");
}

#[tokio::test]
async fn a_baseline_accepts_what_is_there_and_runs_the_rest() {
    let db = Database::new().await;
    db.run("create table a ()").await;
    let set = [TWO[0], TWO[1], ("R__v.sql", "create view v as select 1 as one")];
    db.migrator(files(&set)).baseline(version(1)).await.unwrap();
    assert_eq!(steps(&db.migrator(files(&set)).run().await.unwrap()), "up 2_b, up R__v");
    expect!["1 | a | baseline\n2 | b | applied\nR | v | applied"].assert_eq(&db.history().await);
    let sql = "select action, outcome, version, name, detail from upshift.audit where id = 1";
    expect!["baseline | done | 1 | a | accepted by a baseline, not run"].assert_eq(&db.rows(sql).await);
    // An edit of what was accepted is found as for any other.
    let edited = [("1_a.sql", "create table a (id int);"), TWO[1], set[2]];
    assert!(db.migrator(files(&edited)).run().await.unwrap_err().is_changed());
}

#[tokio::test]
async fn a_baseline_is_for_an_empty_history() {
    let db = Database::new().await;
    let error = db.migrator(files(TWO)).baseline(version(7)).await.unwrap_err();
    expect![[r#"
        no plan can be made: version 7 is no migration of this set
          help: the nearest version there is: 2"#]]
    .assert_eq(&error.render());
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-");
    db.migrator(files(&TWO[..1])).run().await.unwrap();
    let error = db.migrator(files(TWO)).baseline(version(2)).await.unwrap_err();
    expect![[r#"
        the history is not empty, so there is nothing to accept as a baseline
          help: a baseline is for a database that was built without upshift"#]]
    .assert_eq(&error.render());
    assert_eq!(db.history().await, "1 | a | applied");
}

#[tokio::test]
async fn one_that_was_done_by_hand_is_accepted_and_not_run() {
    let db = Database::new().await;
    db.migrator(files(&TWO[..1])).run().await.unwrap();
    db.run("create table b ()").await;
    let migrator = db.migrator(files(TWO));
    migrator.repair().accept_applied(version(2), "made by hand").await.unwrap();
    assert!(migrator.run().await.unwrap().is_empty());
    expect!["1 | a | applied\n2 | b | baseline"].assert_eq(&db.history().await);
    let sql = "select action, outcome, version, detail from upshift.audit order by id desc limit 1";
    expect!["baseline | done | 2 | accepted as applied, not run: made by hand"]
        .assert_eq(&db.rows(sql).await);
    let error = migrator.repair().accept_applied(version(2), "again").await.unwrap_err();
    expect![[r#"
        no plan can be made: 2_b is in the history already: baseline
          help: see `migrator.status()`; one that failed is finished by `up`, or taken out with `migrator.repair().forget(version)`"#]].assert_eq(&error.render());
    let error = migrator.repair().accept_applied(version(7), "no").await.unwrap_err();
    expect![[r#"
        no plan can be made: version 7 is no migration of this set
          help: the nearest version there is: 2"#]]
    .assert_eq(&error.render());
}

const TABLES: [&str; 3] = ["a", "b", "c"];

/// Files of these numbers, each with its table.
fn numbered(numbers: [&str; 3]) -> Vec<(String, String)> {
    let file = |(number, table): (&str, &str)| {
        let text = format!("create table {table} ();\n-- upshift: down\ndrop table {table};\n");
        (format!("{number}_{table}.sql"), text)
    };
    numbers.into_iter().zip(TABLES).map(file).collect()
}

fn of(files_of: &[(String, String)]) -> upshift::Source {
    files(&files_of.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
}

#[tokio::test]
async fn what_has_other_numbers_now_is_called_by_them_and_nothing_is_run() {
    let db = Database::new().await;
    db.migrator(of(&numbered(["1", "2", "3"]))).run().await.unwrap();
    // Each takes the number of the next one, and somebody had said something about one.
    db.run("insert into upshift.word values ('hold', 2, 'wait', 'me', now())").await;
    let renumbered = db.migrator(of(&numbered(["2", "3", "4"])));
    let error = renumbered.run().await.unwrap_err();
    expect![[r#"
        no plan can be made, for 3 reasons
          - 1_a is in the history under this number, and has the number 2 in this binary
          - 2_b is in the history under this number, and has the number 3 in this binary
          - 3_c is in the history under this number, and has the number 4 in this binary
            help: accept the new numbers with `migrator.repair().accept_renumbered("why")` once no older release runs here; or give the migrations the numbers back that they were applied under; one that is meant to run again wants another name"#]].assert_eq(&error.render());
    let found = renumbered.repair().renumbered().await.unwrap();
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["1_a is 2_a now", "2_b is 3_b now", "3_c is 4_c now"]
    );
    assert_eq!(renumbered.repair().accept_renumbered("two teams").await.unwrap(), found);
    assert_eq!(db.history().await, "2 | a | applied\n3 | b | applied\n4 | c | applied");
    // Held under both: a word names no more than a number.
    assert_eq!(db.rows("select version from upshift.word order by 1").await, "2\n3");
    assert_eq!(db.rows(LAST).await, "renumber | done | 4 | c | its number was 3: two teams");
    // It is settled as any that a run leaves.
    let settled = db.rows("select settled is not null from upshift.format").await;
    assert_eq!(settled, "t");
    assert!(renumbered.run().await.unwrap().is_empty());
    assert_eq!(renumbered.audit().verify().await.unwrap(), upshift::AuditVerdict::Whole { rows: 6 });
    assert_eq!(renumbered.repair().accept_renumbered("again").await.unwrap(), []);
    // The release before would apply everything again, whatever it accepts: it is kept from that.
    let old = db.migrator(of(&numbered(["1", "2", "3"]))).policy(upshift::Policy {
        out_of_order: upshift::OutOfOrder::Apply,
        missing: upshift::Missing::Accept,
    });
    assert_eq!(old.run().await.unwrap_err().refusals().len(), 3);
    assert_eq!(
        steps(&renumbered.down(upshift::DownTarget::All).await.unwrap()),
        "down 4_c, down 3_b, down 2_a"
    );
    assert_eq!(db.tables().await, "-");
}

#[tokio::test]
async fn flyways_first_dotted_version_is_accepted() {
    let db = Database::new().await;
    let whole = [("V1__a.sql", "create table a ();"), ("V2__b.sql", "create table b ();")];
    db.migrator(files(&whole)).run().await.unwrap();
    let dotted = [whole[0], whole[1], ("V2.1__c.sql", "create table c ();")];
    let migrator = db.migrator(files(&dotted));
    assert_eq!(migrator.run().await.unwrap_err().refusals().len(), 2);
    assert_eq!(migrator.repair().accept_renumbered("a hotfix").await.unwrap().len(), 2);
    assert_eq!(steps(&migrator.run().await.unwrap()), "up 2000100000000_c");
    assert_eq!(db.tables().await, "a b c");
}

#[tokio::test]
async fn the_down_of_a_migration_that_only_has_the_number_is_not_run() {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    let other = [TWO[0], ("2_c.sql", "create table c ();\n-- upshift: down\ndrop table a;\n")];
    let migrator = db.migrator(files(&other));
    let error = migrator.run().await.unwrap_err();
    expect![[r#"
        no plan can be made: 2_c has the number of 2_b, which is applied
          help: give it a number of its own, behind all others, where two branches took the same one; where it is that migration with another name and another text, accept it with `migrator.repair().accept_checksum(version)`"#]]
    .assert_eq(&error.render());
    migrator.down(upshift::DownTarget::Steps(1)).await.unwrap();
    assert_eq!(db.tables().await, "a");
}

#[tokio::test]
async fn what_it_requires_may_have_other_numbers_too() {
    for [one, two, ten, twenty] in
        [["1", "2", "10", "20"], ["01", "02", "10", "20"], ["0001", "0002", "0010", "0020"]]
    {
        let db = Database::new().await;
        let contract = format!(
            "-- upshift: phase contract\n-- upshift: requires {one}\nupdate a set x = x + 1;\n-- upshift: down\nselect 1;\n"
        );
        let table = "create table a (x int);\ninsert into a values (0);\n-- upshift: down\ndrop table a;\n";
        let named = |number: &str, name: &str| format!("{number}_{name}.sql");
        let before = db.migrator(files(&[(&named(one, "a"), table), (&named(two, "b"), &contract)]));
        before.run().await.unwrap();
        before.up(upshift::Target::Only(vec![version(2)])).await.unwrap();
        let edited = contract.replace(&format!("requires {one}"), &format!("requires {ten}"));
        let after = db.migrator(files(&[(&named(ten, "a"), table), (&named(twenty, "b"), &edited)]));
        assert_eq!(after.run().await.unwrap_err().refusals().len(), 2, "{one}");
        assert_eq!(after.repair().accept_renumbered("room").await.unwrap().len(), 2, "{one}");
        assert!(after.run().await.unwrap().is_empty());
        assert_eq!(db.rows("select x from a").await, "1");
        let kept = db.rows("select up from upshift.history where version = 20").await;
        assert!(kept.contains(&format!("requires {ten}")), "{kept}");
    }
}

#[tokio::test]
async fn several_alike_are_told_apart_by_their_order() {
    let db = Database::new().await;
    let seed = "insert into k values (1);";
    let table = ("1_k.sql", "create table k (n int);");
    db.migrator(files(&[table, ("2_seed.sql", seed), ("3_seed.sql", seed)])).run().await.unwrap();
    let accepting =
        upshift::Policy { out_of_order: upshift::OutOfOrder::Apply, missing: upshift::Missing::Accept };
    let migrator = db.migrator(files(&[table, ("4_seed.sql", seed), ("5_seed.sql", seed)])).policy(accepting);
    assert_eq!(migrator.run().await.unwrap_err().refusals().len(), 2);
    migrator.repair().accept_renumbered("why").await.unwrap();
    assert_eq!(db.history().await, "1 | k | applied\n4 | seed | applied\n5 | seed | applied");
}

#[tokio::test]
async fn a_backfill_that_has_begun_goes_on_under_its_new_number() {
    let db = Database::new().await;
    let orders = "create table orders (id bigint primary key, total int default 0);\n\
        insert into orders select g from generate_series(1, 100) g;";
    let fill = "-- upshift: phase backfill\n-- upshift: backfill table=orders batch=10\n\
        update orders set total = total + 1;\n-- upshift: down\nselect 1;";
    let before = db.migrator(files(&[("1_o.sql", orders), ("2_fill.sql", fill)]));
    before.up(upshift::Target::Version(version(1))).await.unwrap();
    // Half of it: the books say how far it is.
    let policy =
        upshift::BackfillPolicy { first_rows: 10, most_rows: 10, ..upshift::BackfillPolicy::default() };
    let half = before.clone().backfill_policy(policy);
    half.backfills().work(version(2), std::time::Duration::ZERO).await.unwrap();
    let begun: i64 =
        db.rows("select count(*) from upshift.backfill where state = 'running'").await.parse().unwrap();
    assert_eq!(begun, 1);
    let after = db.migrator(files(&[("1_o.sql", orders), ("3_fill.sql", fill)]));
    let error = after.up(upshift::Target::Only(vec![version(3)])).await.unwrap_err();
    expect![[r#"
        backfill 3_fill: it has begun under the number 2
          help: accept the new numbers with `migrator.repair().accept_renumbered("why")`: it goes on where it stopped"#]].assert_eq(&error.render());
    assert_eq!(after.repair().accept_renumbered("merged").await.unwrap().len(), 1);
    after.up(upshift::Target::Only(vec![version(3)])).await.unwrap();
    assert_eq!(db.rows("select distinct total from orders").await, "1");
    assert_eq!(db.history().await, "1 | o | applied\n3 | fill | applied");
}

#[tokio::test]
async fn what_was_approved_under_another_number_is_not_approved() {
    let db = Database::new().await;
    let contract = "-- upshift: phase contract\nselect 1;\n-- upshift: down\nselect 1;";
    let migrator = |numbers: [u32; 2]| {
        let [one, two] = numbers.map(|number| format!("{number}_c{}.sql", number % 2));
        db.migrator(files(&[(&one, contract), (&two, contract)]))
    };
    migrator([1, 2]).run().await.unwrap();
    migrator([1, 2]).down(upshift::DownTarget::Steps(1)).await.unwrap();
    migrator([1, 2]).rollout().approve(version(2), "seen").await.unwrap();
    db.run("insert into upshift.word values ('approval', 3, 'other', 'me', now())").await;
    // 1 is 3, and 2 is 4 and not applied.
    assert_eq!(migrator([3, 4]).repair().accept_renumbered("why").await.unwrap().len(), 1);
    assert_eq!(db.rows("select kind, version from upshift.word").await, "approval | 2");
}

#[tokio::test]
async fn a_new_name_is_kept_with_a_text_that_is_accepted_or_mended() {
    let db = Database::new().await;
    db.migrator(files(&[("1_a.sql", "create table a ();")])).run().await.unwrap();
    let renamed = [("1_b.sql", "create table a (); -- b")];
    db.migrator(files(&renamed)).run().await.unwrap_err();
    db.migrator(files(&renamed)).repair().accept_checksum(version(1)).await.unwrap();
    assert_eq!(db.history().await, "1 | b | applied");
    let broken = [renamed[0], ("2_typo.sql", "-- upshift: transaction off\nselect 1 / 0;")];
    db.migrator(files(&broken)).run().await.unwrap_err();
    let mended = [renamed[0], ("2_k.sql", "-- upshift: transaction off\ncreate table k ();")];
    db.migrator(files(&mended)).run().await.unwrap();
    assert_eq!(db.history().await, "1 | b | applied\n2 | k | applied");
}

#[tokio::test]
async fn what_cannot_be_applied_again_is_not_reverted_to_be_done_again() {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    let other = [TWO[0], ("2_c.sql", "create table c ();\n-- upshift: down\ndrop table c;\n")];
    let late =
        [("1_z.sql", "select 1;\n-- upshift: down\nselect 1;"), ("2_a.sql", TWO[0].1), ("3_b.sql", TWO[1].1)];
    for set in [&other[..], &late] {
        assert!(!db.migrator(files(set)).redo().await.unwrap_err().refusals().is_empty());
        assert_eq!(db.tables().await, "a b");
    }
}
