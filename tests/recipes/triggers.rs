//! The table of cases: what the trigger makes of every way to write, for every change, plain and partitioned.

use bytes::Bytes;
use expect_test::{Expect, expect};
use futures_util::SinkExt;
use upshift_recipes::{Phase, RenameTable, StringToLookup, TableFacts, Unknown};

use crate::stage::Stage;
use crate::subject::{self, Release, Shape, Subject, TABLE};

/// What a case does to the row of its own, `{id}`; the rows from 100 on were there before the expand.
enum Does {
    /// Statements with the places `{id}`, `{old}`, `{new}` (columns), `{old0}`, `{new1}` (literals of a value),
    /// `{set old 1}` (assignments).
    Sql(&'static str),
    /// COPY of one row with this side's value.
    Copy(Release, Option<usize>),
}

use Does::{Copy, Sql};

const CASES: &[(&str, Does)] = &[
    ("insert old", Sql("insert into {t} (id, {old}) values ({id}, {old 0})")),
    ("insert new", Sql("insert into {t} (id, {new}) values ({id}, {new 0})")),
    ("insert neither", Sql("insert into {t} (id) values ({id})")),
    ("insert both", Sql("insert into {t} (id, {old}, {new}) values ({id}, {old 0}, {new 1})")),
    ("insert NULL in old", Sql("insert into {t} (id, {old}) values ({id}, {old null})")),
    ("insert NULL in new", Sql("insert into {t} (id, {new}) values ({id}, {new null})")),
    ("insert select old", Sql("insert into {t} (id, {old}) select {id}, {old 0}")),
    ("update old", Sql("{row}; update {t} set {set old 1} where id = {id}")),
    ("update new", Sql("{row}; update {t} set {set new 1} where id = {id}")),
    ("update both", Sql("{row}; update {t} set {set old 1}, {set new 2} where id = {id}")),
    ("update both, the same", Sql("{row}; update {t} set {set old 1}, {set new 1} where id = {id}")),
    ("update NULL in old", Sql("{row}; update {t} set {set old null} where id = {id}")),
    ("update NULL in new", Sql("{row}; update {t} set {set new null} where id = {id}")),
    ("update another column", Sql("{row}; update {t} set note = 'x' where id = {id}")),
    ("waiting: update another column", Sql("{wait}; update {t} set note = 'x' where id = {id}")),
    ("waiting: update old to itself", Sql("{wait}; update {t} set {set old 0} where id = {id}")),
    ("waiting: update old", Sql("{wait}; update {t} set {set old 1} where id = {id}")),
    ("waiting: update new", Sql("{wait}; update {t} set {set new 1} where id = {id}")),
    ("waiting: update NULL in old", Sql("{wait}; update {t} set {set old null} where id = {id}")),
    ("waiting: update NULL in new", Sql("{wait}; update {t} set {set new null} where id = {id}")),
    (
        "upsert old",
        Sql(
            "{row}; insert into {t} (id, {old}) values ({id}, {old 1}) on conflict (id) do update set {excluded old}",
        ),
    ),
    (
        "upsert new",
        Sql(
            "{row}; insert into {t} (id, {new}) values ({id}, {new 1}) on conflict (id) do update set {excluded new}",
        ),
    ),
    (
        "waiting: upsert new",
        Sql(
            "{wait}; insert into {t} (id, {new}) values ({id}, {new 1}) on conflict (id) do update set {excluded new}",
        ),
    ),
    (
        "upsert old, EXCLUDED of the new side",
        Sql(
            "{row}; insert into {t} (id, {old}) values ({id}, {old 1}) on conflict (id) do update set {excluded new}",
        ),
    ),
    (
        "upsert new, EXCLUDED of the old side",
        Sql(
            "{row}; insert into {t} (id, {new}) values ({id}, {new 1}) on conflict (id) do update set {excluded old}",
        ),
    ),
    ("copy old", Copy(Release::One, Some(0))),
    ("copy new", Copy(Release::Two, Some(0))),
    ("copy NULL in old", Copy(Release::One, None)),
    ("batch update old", Sql("{row}; update {t} set {set old 1} where id between {id} and {id}")),
    ("batch update new, from itself", Sql("{row}; update {t} set {from new} where id between {id} and {id}")),
    (
        "replica: insert old",
        Sql("set session_replication_role = replica; insert into {t} (id, {old}) values ({id}, {old 0})"),
    ),
    (
        "replica: update new",
        Sql("{row}; set session_replication_role = replica; update {t} set {set new 1} where id = {id}"),
    ),
    (
        "move to the other partition, old",
        Sql("{row}; update {t} set id = {id} + 1000, {set old 1} where id = {id}"),
    ),
    (
        "move to the other partition, new",
        Sql("{row}; update {t} set id = {id} + 1000, {set new 1} where id = {id}"),
    ),
    ("waiting: move to the other partition", Sql("{wait}; update {t} set id = {id} + 1000 where id = {id}")),
];

fn rendered(subject: &Subject, sql: &str, id: usize) -> String {
    let mut text = sql
        .replace("{wait}", "select 1")
        .replace("{row}", "insert into {t} (id, {old}) values ({id}, {old 0})")
        .replace("{t}", TABLE)
        .replace("{id}", &id.to_string());
    for (word, release) in [("old", Release::One), ("new", Release::Two)] {
        let columns = subject.side(release);
        let each =
            |form: &dyn Fn(&str) -> String| columns.iter().map(|it| form(it)).collect::<Vec<_>>().join(", ");
        text = text.replace(&format!("{{{word}}}"), &subject.columns(release));
        text = text.replace(&format!("{{excluded {word}}}"), &each(&|it| format!("{it} = excluded.{it}")));
        text = text.replace(&format!("{{from {word}}}"), &each(&|it| format!("{it} = {it}")));
        for (name, value) in [("null", None), ("0", Some(0)), ("1", Some(1)), ("2", Some(2))] {
            text = text.replace(&format!("{{{word} {name}}}"), &subject.literals(release, value).join(", "));
            text = text.replace(&format!("{{set {word} {name}}}"), &subject.assignments(release, value));
        }
    }
    text
}

async fn copy(
    stage: &Stage,
    subject: &Subject,
    release: Release,
    value: Option<usize>,
    id: usize,
) -> Option<String> {
    let sql = format!("copy {TABLE} (id, {}) from stdin", subject.columns(release));
    let texts = subject.texts(release, value).into_iter().map(|text| text.unwrap_or("\\N").to_owned());
    let line = std::iter::once(id.to_string()).chain(texts).collect::<Vec<_>>().join("\t");
    // A connection of its own: after a refusal in the middle tokio-postgres takes the next answer for another one.
    let client = stage.db.client().await;
    let sink = match client.copy_in::<_, Bytes>(sql.as_str()).await {
        Ok(sink) => sink,
        Err(error) => return Some(error.code().unwrap().code().to_owned()),
    };
    let mut sink = Box::pin(sink);
    sink.send(Bytes::from(format!("{line}\n"))).await.unwrap();
    sink.as_mut().finish().await.err().map(|error| error.code().unwrap().code().to_owned())
}

/// Every case: both sides of its row afterwards, or the error.
async fn table(subject: &Subject, shape: Shape) -> String {
    let mut stage = Stage::new(&subject.setup(shape), TABLE, subject.recipe).await;
    let waiting: Vec<String> = CASES
        .iter()
        .enumerate()
        .filter(|(_, (name, _))| name.starts_with("waiting"))
        .map(|(n, _)| format!("({}, {})", n + 100, subject.literals(Release::One, Some(0)).join(", ")))
        .collect();
    stage
        .run(&format!(
            "insert into {TABLE} (id, {}) values {}",
            subject.columns(Release::One),
            waiting.join(", ")
        ))
        .await;
    stage.through(Phase::Expand).await;
    let columns = format!("{} , '=', {}", subject.columns(Release::One), subject.columns(Release::Two));
    let mut found = String::new();
    for (n, (name, does)) in CASES.iter().enumerate() {
        let id = n + 100;
        let failed = match does {
            Copy(release, value) => copy(&stage, subject, *release, *value, id).await,
            Sql(sql) => {
                let failed = stage.run_or_state(&rendered(subject, sql, id)).await;
                stage.run("reset session_replication_role").await;
                failed
            }
        };
        let row = stage.rows(&format!("select {columns} from {TABLE} where id in ({id}, {id} + 1000)")).await;
        let shown = failed.map_or(row.replace(" | = | ", " = "), |state| format!("error {state}"));
        found.push_str(&format!("{name}: {shown}\n"));
    }
    found
}

/// The same for a plain and a partitioned table, on every server.
async fn check(subject: &Subject, expected: Expect) {
    let plain = table(subject, Shape::Plain).await;
    expected.assert_eq(&plain);
    assert_eq!(table(subject, Shape::Partitioned).await, plain, "partitioned");
}

#[tokio::test]
async fn a_renamed_column() {
    check(
        &subject::RENAME,
        expect![[r#"
        insert old: Ann = Ann
        insert new: Ann = Ann
        insert neither: - = -
        insert both: Bob = Bob
        insert NULL in old: - = -
        insert NULL in new: - = -
        insert select old: Ann = Ann
        update old: Bob = Bob
        update new: Bob = Bob
        update both: Cy = Cy
        update both, the same: Bob = Bob
        update NULL in old: - = -
        update NULL in new: - = -
        update another column: Ann = Ann
        waiting: update another column: Ann = Ann
        waiting: update old to itself: Ann = Ann
        waiting: update old: Bob = Bob
        waiting: update new: Bob = Bob
        waiting: update NULL in old: - = -
        waiting: update NULL in new: Ann = Ann
        upsert old: Bob = Bob
        upsert new: Bob = Bob
        waiting: upsert new: Bob = Bob
        upsert old, EXCLUDED of the new side: Bob = Bob
        upsert new, EXCLUDED of the old side: Bob = Bob
        copy old: Ann = Ann
        copy new: Ann = Ann
        copy NULL in old: - = -
        batch update old: Bob = Bob
        batch update new, from itself: Ann = Ann
        replica: insert old: Ann = Ann
        replica: update new: Bob = Bob
        move to the other partition, old: Bob = Bob
        move to the other partition, new: Bob = Bob
        waiting: move to the other partition: Ann = Ann
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_renamed_column_that_is_not_null() {
    check(
        &subject::RENAME_NOT_NULL,
        expect![[r#"
        insert old: Ann = Ann
        insert new: Ann = Ann
        insert neither: Bob = Bob
        insert both: Bob = Bob
        insert NULL in old: error 23502
        insert NULL in new: Bob = Bob
        insert select old: Ann = Ann
        update old: Bob = Bob
        update new: Bob = Bob
        update both: Cy = Cy
        update both, the same: Bob = Bob
        update NULL in old: error 23502
        update NULL in new: error 23502
        update another column: Ann = Ann
        waiting: update another column: Ann = Ann
        waiting: update old to itself: Ann = Ann
        waiting: update old: Bob = Bob
        waiting: update new: Bob = Bob
        waiting: update NULL in old: error 23502
        waiting: update NULL in new: Ann = Ann
        upsert old: Bob = Bob
        upsert new: Bob = Bob
        waiting: upsert new: Bob = Bob
        upsert old, EXCLUDED of the new side: Bob = Bob
        upsert new, EXCLUDED of the old side: Bob = Bob
        copy old: Ann = Ann
        copy new: Ann = Ann
        copy NULL in old: error 23502
        batch update old: Bob = Bob
        batch update new, from itself: Ann = Ann
        replica: insert old: Ann = Ann
        replica: update new: Bob = Bob
        move to the other partition, old: Bob = Bob
        move to the other partition, new: Bob = Bob
        waiting: move to the other partition: Ann = Ann
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_renamed_column_whose_values_have_no_equality() {
    check(
        &subject::RENAME_JSON,
        expect![[r#"
        insert old: {"a": 1} = {"a": 1}
        insert new: {"a": 1} = {"a": 1}
        insert neither: {"b": 1} = {"b": 1}
        insert both: {"b": 1} = {"b": 1}
        insert NULL in old: - = -
        insert NULL in new: {"b": 1} = {"b": 1}
        insert select old: {"a": 1} = {"a": 1}
        update old: {"b": 1} = {"b": 1}
        update new: {"b": 1} = {"b": 1}
        update both: {"b":1} = {"b":1}
        update both, the same: {"b": 1} = {"b": 1}
        update NULL in old: - = -
        update NULL in new: - = -
        update another column: {"a": 1} = {"a": 1}
        waiting: update another column: {"a": 1} = {"a": 1}
        waiting: update old to itself: {"a": 1} = {"a": 1}
        waiting: update old: {"b": 1} = {"b": 1}
        waiting: update new: {"b": 1} = {"b": 1}
        waiting: update NULL in old: - = -
        waiting: update NULL in new: {"a": 1} = {"a": 1}
        upsert old: {"b": 1} = {"b": 1}
        upsert new: {"b": 1} = {"b": 1}
        waiting: upsert new: {"b": 1} = {"b": 1}
        upsert old, EXCLUDED of the new side: {"b": 1} = {"b": 1}
        upsert new, EXCLUDED of the old side: {"b": 1} = {"b": 1}
        copy old: {"a": 1} = {"a": 1}
        copy new: {"a": 1} = {"a": 1}
        copy NULL in old: - = -
        batch update old: {"b": 1} = {"b": 1}
        batch update new, from itself: {"a": 1} = {"a": 1}
        replica: insert old: {"a": 1} = {"a": 1}
        replica: update new: {"b": 1} = {"b": 1}
        move to the other partition, old: {"b": 1} = {"b": 1}
        move to the other partition, new: {"b": 1} = {"b": 1}
        waiting: move to the other partition: {"a": 1} = {"a": 1}
    "#]],
    )
    .await;
}

/// A row that waits is not filled by an UPDATE that does not name the pair; nothing else differs.
#[tokio::test]
async fn a_renamed_column_of_wide_values() {
    let found = table(&subject::RENAME_WIDE, Shape::Plain).await;
    expect![[r#"
        insert old: Ann = Ann
        insert new: Ann = Ann
        insert neither: - = -
        insert both: Bob = Bob
        insert NULL in old: - = -
        insert NULL in new: - = -
        insert select old: Ann = Ann
        update old: Bob = Bob
        update new: Bob = Bob
        update both: Cy = Cy
        update both, the same: Bob = Bob
        update NULL in old: - = -
        update NULL in new: - = -
        update another column: Ann = Ann
        waiting: update another column: Ann = -
        waiting: update old to itself: Ann = Ann
        waiting: update old: Bob = Bob
        waiting: update new: Bob = Bob
        waiting: update NULL in old: - = -
        waiting: update NULL in new: Ann = Ann
        upsert old: Bob = Bob
        upsert new: Bob = Bob
        waiting: upsert new: Bob = Bob
        upsert old, EXCLUDED of the new side: Bob = Bob
        upsert new, EXCLUDED of the old side: Bob = Bob
        copy old: Ann = Ann
        copy new: Ann = Ann
        copy NULL in old: - = -
        batch update old: Bob = Bob
        batch update new, from itself: Ann = Ann
        replica: insert old: Ann = Ann
        replica: update new: Bob = Bob
        move to the other partition, old: Bob = Bob
        move to the other partition, new: Bob = Bob
        waiting: move to the other partition: Ann = -
    "#]]
    .assert_eq(&found);
}

#[tokio::test]
async fn a_column_renamed_by_a_view() {
    let found = table(&subject::ALIAS, Shape::Plain).await;
    expect![[r#"
        insert old: Ann = Ann
        insert new: Ann = Ann
        insert neither: Bob = Bob
        insert both: error 42601
        insert NULL in old: error 23502
        insert NULL in new: error 23502
        insert select old: Ann = Ann
        update old: Bob = Bob
        update new: Bob = Bob
        update both: error 42601
        update both, the same: error 42601
        update NULL in old: error 23502
        update NULL in new: error 23502
        update another column: Ann = Ann
        waiting: update another column: Ann = Ann
        waiting: update old to itself: Ann = Ann
        waiting: update old: Bob = Bob
        waiting: update new: Bob = Bob
        waiting: update NULL in old: error 23502
        waiting: update NULL in new: error 23502
        upsert old: Bob = Bob
        upsert new: Bob = Bob
        waiting: upsert new: Bob = Bob
        upsert old, EXCLUDED of the new side: Bob = Bob
        upsert new, EXCLUDED of the old side: Bob = Bob
        copy old: error 42809
        copy new: error 42809
        copy NULL in old: error 42809
        batch update old: Bob = Bob
        batch update new, from itself: Ann = Ann
        replica: insert old: Ann = Ann
        replica: update new: Bob = Bob
        move to the other partition, old: Bob = Bob
        move to the other partition, new: Bob = Bob
        waiting: move to the other partition: Ann = Ann
    "#]]
    .assert_eq(&found);
}

#[tokio::test]
async fn a_column_of_another_type() {
    check(
        &subject::CHANGE_TYPE,
        expect![[r#"
        insert old: 10 = 10.00
        insert new: 10 = 10.00
        insert neither: 20 = 20.00
        insert both: 20 = 20.00
        insert NULL in old: error 23502
        insert NULL in new: 20 = 20.00
        insert select old: 10 = 10.00
        update old: 20 = 20.00
        update new: 20 = 20.00
        update both: 11 = 11.00
        update both, the same: 20 = 20.00
        update NULL in old: error 23502
        update NULL in new: error 23502
        update another column: 10 = 10.00
        waiting: update another column: 10 = 10.00
        waiting: update old to itself: 10 = 10.00
        waiting: update old: 20 = 20.00
        waiting: update new: 20 = 20.00
        waiting: update NULL in old: error 23502
        waiting: update NULL in new: 10 = 10.00
        upsert old: 20 = 20.00
        upsert new: 20 = 20.00
        waiting: upsert new: 20 = 20.00
        upsert old, EXCLUDED of the new side: 20 = 20.00
        upsert new, EXCLUDED of the old side: 20 = 20.00
        copy old: 10 = 10.00
        copy new: 10 = 10.00
        copy NULL in old: error 23502
        batch update old: 20 = 20.00
        batch update new, from itself: 10 = 10.00
        replica: insert old: 10 = 10.00
        replica: update new: 20 = 20.00
        move to the other partition, old: 20 = 20.00
        move to the other partition, new: 20 = 20.00
        waiting: move to the other partition: 10 = 10.00
    "#]],
    )
    .await;
}

/// A row that waits takes an UPDATE that does not name the pair, though the new column will be NOT NULL.
#[tokio::test]
async fn a_column_of_another_type_and_of_wide_values() {
    let found = table(&subject::CHANGE_WIDE_TYPE, Shape::Plain).await;
    expect![[r#"
        insert old: 10 = 10.00
        insert new: 10 = 10.00
        insert neither: 20 = 20.00
        insert both: 20 = 20.00
        insert NULL in old: error 23502
        insert NULL in new: 20 = 20.00
        insert select old: 10 = 10.00
        update old: 20 = 20.00
        update new: 20 = 20.00
        update both: 11 = 11.00
        update both, the same: 20 = 20.00
        update NULL in old: error 23502
        update NULL in new: error 23502
        update another column: 10 = 10.00
        waiting: update another column: 10 = -
        waiting: update old to itself: 10 = 10.00
        waiting: update old: 20 = 20.00
        waiting: update new: 20 = 20.00
        waiting: update NULL in old: error 23502
        waiting: update NULL in new: 10 = 10.00
        upsert old: 20 = 20.00
        upsert new: 20 = 20.00
        waiting: upsert new: 20 = 20.00
        upsert old, EXCLUDED of the new side: 20 = 20.00
        upsert new, EXCLUDED of the old side: 20 = 20.00
        copy old: 10 = 10.00
        copy new: 10 = 10.00
        copy NULL in old: error 23502
        batch update old: 20 = 20.00
        batch update new, from itself: 10 = 10.00
        replica: insert old: 10 = 10.00
        replica: update new: 20 = 20.00
        move to the other partition, old: 20 = 20.00
        move to the other partition, new: 20 = 20.00
        waiting: move to the other partition: 10 = -
    "#]]
    .assert_eq(&found);
}

#[tokio::test]
async fn a_split_column() {
    check(
        &subject::SPLIT,
        expect![[r#"
        insert old: Ann Lee = Ann | Lee
        insert new: Ann Lee = Ann | Lee
        insert neither: - = - | -
        insert both: Bob Ray = Bob | Ray
        insert NULL in old: - = - | -
        insert NULL in new: - = - | -
        insert select old: Ann Lee = Ann | Lee
        update old: Bob Ray = Bob | Ray
        update new: Bob Ray = Bob | Ray
        update both: Ann Ray = Ann | Ray
        update both, the same: Bob Ray = Bob | Ray
        update NULL in old: - = - | -
        update NULL in new: - = - | -
        update another column: Ann Lee = Ann | Lee
        waiting: update another column: Ann Lee = Ann | Lee
        waiting: update old to itself: Ann Lee = Ann | Lee
        waiting: update old: Bob Ray = Bob | Ray
        waiting: update new: Bob Ray = Bob | Ray
        waiting: update NULL in old: - = - | -
        waiting: update NULL in new: Ann Lee = Ann | Lee
        upsert old: Bob Ray = Bob | Ray
        upsert new: Bob Ray = Bob | Ray
        waiting: upsert new: Bob Ray = Bob | Ray
        upsert old, EXCLUDED of the new side: Bob Ray = Bob | Ray
        upsert new, EXCLUDED of the old side: Bob Ray = Bob | Ray
        copy old: Ann Lee = Ann | Lee
        copy new: Ann Lee = Ann | Lee
        copy NULL in old: - = - | -
        batch update old: Bob Ray = Bob | Ray
        batch update new, from itself: Ann Lee = Ann | Lee
        replica: insert old: Ann Lee = Ann | Lee
        replica: update new: Bob Ray = Bob | Ray
        move to the other partition, old: Bob Ray = Bob | Ray
        move to the other partition, new: Bob Ray = Bob | Ray
        waiting: move to the other partition: Ann Lee = Ann | Lee
    "#]],
    )
    .await;
}

#[tokio::test]
async fn merged_columns() {
    check(
        &subject::MERGE,
        expect![[r#"
        insert old: 1 Elm St | Rye = 1 Elm St, Rye
        insert new: 1 Elm St | Rye = 1 Elm St, Rye
        insert neither: - | - = -
        insert both: 2 Elm St | Rye = 2 Elm St, Rye
        insert NULL in old: - | - = -
        insert NULL in new: - | - = -
        insert select old: 1 Elm St | Rye = 1 Elm St, Rye
        update old: 2 Elm St | Rye = 2 Elm St, Rye
        update new: 2 Elm St | Rye = 2 Elm St, Rye
        update both: 1 Elm St | Ely = 1 Elm St, Ely
        update both, the same: 2 Elm St | Rye = 2 Elm St, Rye
        update NULL in old: - | - = -
        update NULL in new: - | - = -
        update another column: 1 Elm St | Rye = 1 Elm St, Rye
        waiting: update another column: 1 Elm St | Rye = 1 Elm St, Rye
        waiting: update old to itself: 1 Elm St | Rye = 1 Elm St, Rye
        waiting: update old: 2 Elm St | Rye = 2 Elm St, Rye
        waiting: update new: 2 Elm St | Rye = 2 Elm St, Rye
        waiting: update NULL in old: - | - = -
        waiting: update NULL in new: 1 Elm St | Rye = 1 Elm St, Rye
        upsert old: 2 Elm St | Rye = 2 Elm St, Rye
        upsert new: 2 Elm St | Rye = 2 Elm St, Rye
        waiting: upsert new: 2 Elm St | Rye = 2 Elm St, Rye
        upsert old, EXCLUDED of the new side: 2 Elm St | Rye = 2 Elm St, Rye
        upsert new, EXCLUDED of the old side: 2 Elm St | Rye = 2 Elm St, Rye
        copy old: 1 Elm St | Rye = 1 Elm St, Rye
        copy new: 1 Elm St | Rye = 1 Elm St, Rye
        copy NULL in old: - | - = -
        batch update old: 2 Elm St | Rye = 2 Elm St, Rye
        batch update new, from itself: 1 Elm St | Rye = 1 Elm St, Rye
        replica: insert old: 1 Elm St | Rye = 1 Elm St, Rye
        replica: update new: 2 Elm St | Rye = 2 Elm St, Rye
        move to the other partition, old: 2 Elm St | Rye = 2 Elm St, Rye
        move to the other partition, new: 2 Elm St | Rye = 2 Elm St, Rye
        waiting: move to the other partition: 1 Elm St | Rye = 1 Elm St, Rye
    "#]],
    )
    .await;
}

#[tokio::test]
async fn an_enum_with_other_values() {
    check(
        &subject::REPLACE_ENUM,
        expect![[r#"
        insert old: new = open
        insert new: new = open
        insert neither: new = open
        insert both: wip = in_progress
        insert NULL in old: error 23502
        insert NULL in new: new = open
        insert select old: new = open
        update old: wip = in_progress
        update new: wip = in_progress
        update both: paid = paid
        update both, the same: wip = in_progress
        update NULL in old: error 23502
        update NULL in new: error 23502
        update another column: new = open
        waiting: update another column: new = open
        waiting: update old to itself: new = open
        waiting: update old: wip = in_progress
        waiting: update new: wip = in_progress
        waiting: update NULL in old: error 23502
        waiting: update NULL in new: new = open
        upsert old: wip = in_progress
        upsert new: wip = in_progress
        waiting: upsert new: wip = in_progress
        upsert old, EXCLUDED of the new side: wip = in_progress
        upsert new, EXCLUDED of the old side: wip = in_progress
        copy old: new = open
        copy new: new = open
        copy NULL in old: error 23502
        batch update old: wip = in_progress
        batch update new, from itself: new = open
        replica: insert old: new = open
        replica: update new: wip = in_progress
        move to the other partition, old: wip = in_progress
        move to the other partition, new: wip = in_progress
        waiting: move to the other partition: new = open
    "#]],
    )
    .await;
}

#[tokio::test]
async fn strings_in_a_lookup_table() {
    check(
        &subject::LOOKUP,
        expect![[r#"
        insert old: new = 1
        insert new: new = 1
        insert neither: new = 1
        insert both: paid = 2
        insert NULL in old: error 23502
        insert NULL in new: new = 1
        insert select old: new = 1
        update old: paid = 2
        update new: paid = 2
        update both: sent = 3
        update both, the same: paid = 2
        update NULL in old: error 23502
        update NULL in new: error 23502
        update another column: new = 1
        waiting: update another column: new = 1
        waiting: update old to itself: new = 1
        waiting: update old: paid = 2
        waiting: update new: paid = 2
        waiting: update NULL in old: error 23502
        waiting: update NULL in new: new = 1
        upsert old: paid = 2
        upsert new: paid = 2
        waiting: upsert new: paid = 2
        upsert old, EXCLUDED of the new side: paid = 2
        upsert new, EXCLUDED of the old side: paid = 2
        copy old: new = 1
        copy new: new = 1
        copy NULL in old: error 23502
        batch update old: paid = 2
        batch update new, from itself: new = 1
        replica: insert old: new = 1
        replica: update new: paid = 2
        move to the other partition, old: paid = 2
        move to the other partition, new: paid = 2
        waiting: move to the other partition: new = 1
    "#]],
    )
    .await;
}

/// The same rows by either name, whatever is written.
#[tokio::test]
async fn a_renamed_table_is_written_by_both_names() {
    let setup = "create schema app;
        create table app.orders (id bigint generated by default as identity primary key, name text default 'Bob')";
    let mut stage =
        Stage::new(setup, TABLE, |facts| RenameTable::new("purchases".parse().unwrap()).recipe(facts)).await;
    stage.run("insert into app.orders (id, name) values (1, 'Ann')").await;
    stage.through(Phase::Expand).await;
    let mut found = String::new();
    for (what, sql) in [
        ("insert", "insert into {} (id, name) values (100, 'Cy')"),
        ("insert NULL", "insert into {} (id, name) values (101, null)"),
        ("insert nothing: default and identity", "insert into {} default values"),
        ("update", "update {} set name = 'Dan' where id = 1"),
        (
            "upsert",
            "insert into {} (id, name) values (1, 'Eve') on conflict (id) do update set name = excluded.name",
        ),
        ("batch", "update {} set name = name || '!' where id < 200"),
        ("delete", "delete from {} where id = 100"),
        ("replica", "set session_replication_role = replica; insert into {} (id, name) values (102, 'Flo')"),
        ("truncate", "truncate {}"),
    ] {
        for name in ["app.orders", "app.purchases"] {
            stage.run("begin").await;
            let failed = stage.run_or_state(&sql.replace("{}", name)).await;
            let shown = match failed {
                Some(state) => format!("error {state}"),
                None => {
                    let by =
                        |name: &str| format!("select id, coalesce(name, 'NULL') from {name} order by id");
                    let (old, new) =
                        (stage.rows(&by("app.orders")).await, stage.rows(&by("app.purchases")).await);
                    assert_eq!(old, new, "{what}");
                    old.replace(" | ", "=").replace('\n', " ")
                }
            };
            stage.run("rollback; reset session_replication_role").await;
            found.push_str(&format!("{what}, {name}: {shown}\n"));
        }
    }
    expect![[r#"
        insert, app.orders: 1=Ann 100=Cy
        insert, app.purchases: 1=Ann 100=Cy
        insert NULL, app.orders: 1=Ann 101=NULL
        insert NULL, app.purchases: 1=Ann 101=NULL
        insert nothing: default and identity, app.orders: error 23505
        insert nothing: default and identity, app.purchases: 1=Ann 2=Bob
        update, app.orders: 1=Dan
        update, app.purchases: 1=Dan
        upsert, app.orders: 1=Eve
        upsert, app.purchases: 1=Eve
        batch, app.orders: 1=Ann!
        batch, app.purchases: 1=Ann!
        delete, app.orders: 1=Ann
        delete, app.purchases: 1=Ann
        replica, app.orders: 1=Ann 102=Flo
        replica, app.purchases: 1=Ann 102=Flo
        truncate, app.orders: error 42809
        truncate, app.purchases: 
    "#]]
    .assert_eq(&found);
}

/// What no trigger can do: with two unique columns an upsert names but one of them.
#[tokio::test]
async fn a_unique_column_renamed_by_a_view_is_upserted_by_both_names() {
    let setup = "create schema app; create table app.orders (id bigint primary key, name text unique)";
    let mut stage = Stage::new(setup, TABLE, subject::ALIAS.recipe).await;
    stage.through(Phase::Expand).await;
    for name in ["name", "full_name"] {
        stage
            .run(&format!(
                "insert into app.orders (id, {name}) values (1, 'Ann') on conflict ({name}) do nothing"
            ))
            .await;
        let sql = format!(
            "insert into app.orders (id, {name}) values (2, 'Ann') on conflict ({name}) do update set id = 2"
        );
        stage.run(&sql).await;
        assert_eq!(stage.rows("select id, name, full_name from app.orders").await, "2 | Ann | Ann");
        stage.run("delete from app.orders").await;
    }
}

#[tokio::test]
async fn a_string_that_the_lookup_table_does_not_have_is_added_or_refused() {
    for (unknown, expected) in [
        (
            Unknown::IsAdded,
            expect![[r#"
        insert: 1 | lost | NULL; 2 | gone | 2
        update: 1 | lost | NULL; 2 | gone | 2; 3 | gone | 2
        touch: 1 | lost | 3; 2 | gone | 2; 3 | gone | 2
        unknown key: 23502
    "#]],
        ),
        (
            Unknown::IsRefused,
            expect![[r#"
        insert: 23514
        update: 23514
        touch: 23514
        unknown key: 23502
    "#]],
        ),
    ] {
        let recipe = |facts: &TableFacts| {
            let (column, to) = ("status".parse().unwrap(), "status_id".parse().unwrap());
            let lookup = StringToLookup::new(column, to, "app.order_statuses".parse().unwrap());
            lookup.values(["new"]).unknown(unknown).default_value("new")?.recipe(facts)
        };
        let mut stage = Stage::new(&subject::LOOKUP.setup(Shape::Plain), TABLE, recipe).await;
        stage.run("insert into app.orders (id, status) values (1, 'lost')").await;
        stage.through(Phase::Expand).await;
        let mut found = String::new();
        for (what, sql) in [
            ("insert", "insert into app.orders (id, status) values (2, 'gone')"),
            (
                "update",
                "insert into app.orders (id) values (3); update app.orders set status = 'gone' where id = 3",
            ),
            ("touch", "update app.orders set note = 'x' where id = 1"),
            ("unknown key", "insert into app.orders (id, status_id) values (4, 77)"),
        ] {
            let failed = stage.run_or_state(sql).await;
            let rows = stage
                .rows("select id, status, coalesce(status_id::text, 'NULL') from app.orders order by id")
                .await;
            found.push_str(&format!("{what}: {}\n", failed.unwrap_or(rows.replace('\n', "; "))));
        }
        expected.assert_eq(&found);
    }
}

/// The role that writes has no right to the functions' inside, nor to write the lookup table.
#[tokio::test]
async fn a_role_that_may_only_write_the_table_goes_on_writing_it() {
    let mut stage = Stage::new(
        &format!(
            "create role recipes_writer_{0};
            alter default privileges revoke execute on functions from public; {1}
            grant usage on schema app to recipes_writer_{0};
            grant select, insert, update on app.orders to recipes_writer_{0};",
            std::process::id(),
            subject::LOOKUP.setup(Shape::Plain)
        ),
        TABLE,
        subject::LOOKUP.recipe,
    )
    .await;
    stage.through(Phase::Expand).await;
    stage
        .run(&format!("revoke insert on app.order_statuses from recipes_writer_{}", std::process::id()))
        .await;
    stage.run(&format!("set role recipes_writer_{}", std::process::id())).await;
    stage
        .run("insert into app.orders (id, status) values (1, 'lost'); update app.orders set status = 'paid'")
        .await;
    assert_eq!(
        stage
            .rows("select o.status, s.name from app.orders o join app.order_statuses s on s.id = o.status_id")
            .await,
        "paid | paid"
    );
    stage.run("reset role").await;
    let drop = format!("drop owned by recipes_writer_{0}; drop role recipes_writer_{0}", std::process::id());
    stage.run(&drop).await;
}

/// One side alone: both columns shown are the same one.
#[tokio::test]
async fn a_column_that_becomes_not_null() {
    let mut stage =
        Stage::new(&subject::NOT_NULL.setup(Shape::Partitioned), TABLE, subject::NOT_NULL.recipe).await;
    stage.run("insert into app.orders (id, name) values (1, null), (2, null), (3, 'Ann')").await;
    stage.through(Phase::Expand).await;
    let cases = [
        ("insert", "insert into app.orders (id, name) values (600, 'Ann')"),
        ("insert NULL", "insert into app.orders (id, name) values (601, null)"),
        ("insert nothing: the default", "insert into app.orders (id) values (602)"),
        ("update NULL", "update app.orders set name = null where id = 600"),
        ("update another column of a row that holds NULL", "update app.orders set note = 'x' where id = 1"),
        (
            "upsert NULL",
            "insert into app.orders (id, name) values (3, null) on conflict (id) do update set name = excluded.name",
        ),
        (
            "replica",
            "set session_replication_role = replica; insert into app.orders (id, name) values (603, null)",
        ),
    ];
    let mut found = String::new();
    for (name, sql) in cases {
        let failed = stage.run_or_state(sql).await;
        stage.run("reset session_replication_role").await;
        let rows = stage.rows("select id, coalesce(name, 'NULL') from app.orders order by id").await;
        found.push_str(&format!(
            "{name}: {}\n",
            failed.unwrap_or(rows.replace(" | ", "=").replace('\n', " "))
        ));
    }
    stage.through(Phase::Contract).await;
    let failed = stage.run_or_state("insert into app.orders (id, name) values (604, null)").await;
    found.push_str(&format!("after the contract: {}", failed.unwrap()));
    expect![[r#"
        insert: 1=NULL 2=NULL 3=Ann 600=Ann
        insert NULL: 1=NULL 2=NULL 3=Ann 600=Ann 601=Bob
        insert nothing: the default: 1=NULL 2=NULL 3=Ann 600=Ann 601=Bob 602=Cy
        update NULL: 1=NULL 2=NULL 3=Ann 600=Bob 601=Bob 602=Cy
        update another column of a row that holds NULL: 1=Bob 2=NULL 3=Ann 600=Bob 601=Bob 602=Cy
        upsert NULL: 1=Bob 2=NULL 3=Bob 600=Bob 601=Bob 602=Cy
        replica: 1=Bob 2=NULL 3=Bob 600=Bob 601=Bob 602=Cy 603=Bob
        after the contract: 23502"#]]
    .assert_eq(&found);
}
