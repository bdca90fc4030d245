//! Whatever is written, by either release, in whatever order: the two sides of the data agree.
//!
//! A model keeps one value for each row. After every write both sides of every row are what the model says: what a
//! release reads is what was written last, by whichever of the two.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::SinkExt;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Runtime;
use upshift_recipes::Phase;

use crate::stage::Stage;
use crate::subject::{self, Kept, Nulls, Release, Shape, Subject, TABLE};

/// How many sequences a change is tried with.
const CASES: u32 = 12;

/// The rows that writes go to.
const ROWS: i64 = 8;

/// A value: nothing said (a default), NULL, or one of the subject's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Nothing,
    Null,
    Value(usize),
}

#[derive(Debug, Clone, Copy)]
enum How {
    Insert,
    Copy,
    Update,
    Upsert,
    /// Every other row at once.
    Batch,
    /// The value that is there, as code that saves whole rows does.
    Again,
    /// Another column.
    Touch,
    Delete,
}

#[derive(Debug, Clone, Copy)]
struct Write {
    by: Release,
    how: How,
    row: i64,
    value: Written,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Write(Write),
    /// A batch of the backfill, over these keys.
    Batch(i64, i64),
}

/// What is written before the expand, until the backfill is done, until the hide, while hidden, and after the unhide.
#[derive(Debug, Clone)]
struct Story {
    before: Vec<Write>,
    waiting: Vec<Step>,
    filled: Vec<Write>,
    hidden: Vec<Write>,
    given_back: Vec<Write>,
}

fn write(values: usize, nulls: Nulls) -> impl Strategy<Value = Write> {
    let by = prop_oneof![Just(Release::One), Just(Release::Two)];
    let how = prop_oneof![
        3 => Just(How::Insert),
        1 => Just(How::Copy),
        4 => Just(How::Update),
        2 => Just(How::Upsert),
        1 => Just(How::Batch),
        1 => Just(How::Again),
        1 => Just(How::Touch),
        1 => Just(How::Delete),
    ];
    let value = prop_oneof![
        6 => (0..values).prop_map(Written::Value),
        2 => Just(Written::Nothing),
        1 => Just(if nulls == Nulls::Taken { Written::Null } else { Written::Nothing }),
    ];
    (by, how, 1..=ROWS, value).prop_map(|(by, how, row, value)| Write { by, how, row, value })
}

fn story(values: usize, nulls: Nulls) -> impl Strategy<Value = Story> {
    let writes = |most: usize| prop::collection::vec(write(values, nulls), 0..most);
    let batch = (0..ROWS, 1..=ROWS).prop_map(|(from, length)| Step::Batch(from, from + length));
    let step = prop_oneof![4 => write(values, nulls).prop_map(Step::Write), 1 => batch];
    (writes(12), prop::collection::vec(step, 0..24), writes(12), writes(16), writes(12)).prop_map(
        |(before, waiting, filled, hidden, given_back)| Story { before, waiting, filled, hidden, given_back },
    )
}

/// A row as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    value: Option<usize>,
    /// Nobody has written it since the expand, and no batch has come by.
    waits: bool,
}

/// What there should be, and what is asked of the database to see it.
struct Model {
    subject: Subject,
    rows: BTreeMap<i64, Row>,
    stage: Side,
}

/// Which sides there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    Both,
    OldHidden,
}

impl Model {
    /// The value that release one's text becomes: the first with this old side.
    fn of_old(&self, value: usize) -> usize {
        let old = self.subject.values[value].0;
        self.subject.values.iter().position(|(it, _)| *it == old).unwrap()
    }

    /// What an INSERT leaves.
    fn inserted(&self, by: Release, value: Written) -> Option<usize> {
        match (by, value) {
            (Release::One, Written::Value(n)) => Some(self.of_old(n)),
            (Release::One, Written::Null) => None,
            (Release::Two, Written::Value(n)) => Some(n),
            // The trigger cannot tell an explicit NULL from a column left out, until the old side is hidden.
            (Release::Two, Written::Null) if self.stage != Side::OldHidden => self.subject.default,
            (Release::Two, Written::Null) => None,
            (_, Written::Nothing) => self.subject.default,
        }
    }

    /// What an UPDATE leaves.
    fn updated(&self, row: Row, by: Release, value: Option<usize>) -> Row {
        let same_old = |a: usize, b: usize| self.subject.values[a].0 == self.subject.values[b].0;
        let value = match (by, row.value, value) {
            // What it sends is what it reads: nothing changes, though the other side may hold more.
            (Release::One, Some(is), Some(to)) if same_old(is, to) => Some(is),
            (Release::One, _, Some(to)) => Some(self.of_old(to)),
            (Release::Two, is, None) if row.waits => is,
            (_, _, to) => to,
        };
        Row { value, waits: false }
    }

    /// What an UPDATE of another column leaves.
    fn touched(&self, row: Row) -> Row {
        Row { waits: row.waits && self.subject.kept == Kept::WithNamedColumns, ..row }
    }

    /// Both sides of a row, as a query shows them.
    fn shown(&self, row: Row) -> String {
        let text = |release, value| {
            let texts = self.subject.texts(release, value);
            texts.into_iter().map(|text| text.unwrap_or("-").to_owned()).collect::<Vec<_>>().join(" | ")
        };
        match self.stage {
            Side::Old => text(Release::One, row.value),
            Side::Both | Side::OldHidden => {
                let new = if row.waits { None } else { row.value };
                format!("{} | {}", text(Release::One, row.value), text(Release::Two, new))
            }
        }
    }

    fn query(&self) -> String {
        let old = |form: &dyn Fn(&str) -> String| {
            self.subject.old.iter().map(|it| form(it)).collect::<Vec<_>>().join(", ")
        };
        let new = self.subject.columns(Release::Two);
        let columns = match self.stage {
            Side::Old => old(&|it| it.to_owned()),
            Side::Both => format!("{}, {new}", old(&|it| it.to_owned())),
            // Behind a view there was never more than one column.
            Side::OldHidden if self.subject.kept == Kept::BehindAView => format!("{new}, {new}"),
            Side::OldHidden => format!("{}, {new}", old(&|it| format!("_upshift_hidden_{it}"))),
        };
        format!("select id, {columns} from {TABLE} order by id")
    }
}

/// A model and the database it is compared with.
struct Play<'s> {
    stage: &'s mut Stage,
    model: Model,
}

impl Play<'_> {
    async fn agree(&self, after: &dyn std::fmt::Debug) -> Result<(), TestCaseError> {
        let expected: Vec<String> =
            self.model.rows.iter().map(|(id, row)| format!("{id} | {}", self.model.shown(*row))).collect();
        let found = self.stage.rows(&self.model.query()).await;
        prop_assert_eq!(found, expected.join("\n"), "after {:?}", after);
        Ok(())
    }

    async fn write(&mut self, write: Write) -> Result<(), TestCaseError> {
        let Some(sql) = self.statement(write) else { return Ok(()) };
        match write.how {
            How::Copy => self.copy(write).await,
            _ => self.stage.run(&sql).await,
        }
        self.follow(write);
        self.agree(&write).await
    }

    /// What the model's release sends; nothing where it makes no sense for what there is.
    fn statement(&self, write: Write) -> Option<String> {
        let subject = &self.model.subject;
        let there = self.model.rows.get(&write.row);
        let value = match write.value {
            Written::Value(n) => Some(n),
            Written::Null | Written::Nothing => None,
        };
        let columns = subject.columns(write.by);
        let literals = subject.literals(write.by, value).join(", ");
        let set = subject.assignments(write.by, value);
        let row = write.row;
        let nullable = subject.null == Nulls::Taken || value.is_some();
        match write.how {
            How::Insert if there.is_none() && write.value == Written::Nothing => {
                Some(format!("insert into {TABLE} (id) values ({row})"))
            }
            How::Insert if there.is_none() => {
                Some(format!("insert into {TABLE} (id, {columns}) values ({row}, {literals})"))
            }
            // A view takes no COPY.
            How::Copy if subject.kept == Kept::BehindAView && self.model.stage == Side::Both => None,
            How::Copy if there.is_none() && write.value != Written::Nothing => Some(String::new()),
            How::Update if there.is_some() && nullable => {
                Some(format!("update {TABLE} set {set} where id = {row}"))
            }
            How::Upsert if write.value != Written::Nothing => {
                let excluded: Vec<String> =
                    subject.side(write.by).iter().map(|it| format!("{it} = excluded.{it}")).collect();
                Some(format!(
                    "insert into {TABLE} (id, {columns}) values ({row}, {literals})
                    on conflict (id) do update set {}",
                    excluded.join(", ")
                ))
            }
            How::Batch if nullable => Some(format!("update {TABLE} set {set} where id % 2 = {row} % 2")),
            How::Again => {
                let same: Vec<String> =
                    subject.side(write.by).iter().map(|it| format!("{it} = {it}")).collect();
                Some(format!("update {TABLE} set {}, note = 'again' where id = {row}", same.join(", ")))
            }
            How::Touch => Some(format!("update {TABLE} set note = 'x' where id = {row}")),
            How::Delete => Some(format!("delete from {TABLE} where id = {row}")),
            _ => None,
        }
    }

    async fn copy(&self, write: Write) {
        let subject = &self.model.subject;
        let value = if let Written::Value(n) = write.value { Some(n) } else { None };
        let texts = subject.texts(write.by, value).into_iter().map(|text| text.unwrap_or("\\N").to_owned());
        let line = std::iter::once(write.row.to_string()).chain(texts).collect::<Vec<_>>().join("\t");
        let sql = format!("copy {TABLE} (id, {}) from stdin", subject.columns(write.by));
        let mut sink = Box::pin(self.stage.client.copy_in::<_, Bytes>(sql.as_str()).await.unwrap());
        sink.send(Bytes::from(format!("{line}\n"))).await.unwrap();
        sink.as_mut().finish().await.unwrap();
    }

    /// The same in the model.
    fn follow(&mut self, write: Write) {
        let model = &self.model;
        let value = if let Written::Value(n) = write.value { Some(n) } else { None };
        let there = model.rows.get(&write.row).copied();
        let inserted = Row { value: model.inserted(write.by, write.value), waits: false };
        let changed = match (write.how, there) {
            (How::Insert | How::Copy, _) => Some(inserted),
            (How::Update, Some(row)) => Some(model.updated(row, write.by, value)),
            (How::Upsert, None) => Some(inserted),
            // EXCLUDED is the row as the trigger for INSERT has left it.
            (How::Upsert, Some(row)) => Some(model.updated(row, write.by, inserted.value)),
            (How::Again, Some(row)) => Some(Row { waits: false, ..row }),
            (How::Touch, Some(row)) => Some(model.touched(row)),
            (How::Batch, _) => {
                let rows = model.rows.iter().map(|(id, row)| match id % 2 == write.row % 2 {
                    true => (*id, model.updated(*row, write.by, value)),
                    false => (*id, *row),
                });
                self.model.rows = rows.collect();
                return;
            }
            _ => None,
        };
        match changed {
            Some(row) => self.model.rows.insert(write.row, row),
            None => self.model.rows.remove(&write.row),
        };
    }

    async fn tell(&mut self, story: Story) -> Result<(), TestCaseError> {
        let one = |write: Write| Write { by: Release::One, ..write };
        for write in story.before {
            self.write(one(write)).await?;
        }
        self.stage.through(Phase::Expand).await;
        self.model.stage = Side::Both;
        // A row without a value has nothing to wait for.
        let by_view = self.model.subject.kept == Kept::BehindAView;
        self.model.rows.values_mut().for_each(|row| row.waits = row.value.is_some() && !by_view);
        self.agree(&"the expand").await?;
        for step in story.waiting {
            match step {
                Step::Write(write) => self.write(write).await?,
                Step::Batch(..) if by_view => {}
                Step::Batch(from, to) => {
                    let batch = format!("{} and id > {from} and id <= {to}", backfill(self.stage));
                    self.stage.run(&batch).await;
                    let rows = self.model.rows.iter_mut();
                    rows.filter(|(id, _)| (from + 1..=to).contains(id))
                        .for_each(|(_, row)| row.waits = false);
                    self.agree(&step).await?;
                }
            }
        }
        if !by_view {
            self.stage.through(Phase::Backfill).await;
        }
        self.model.rows.values_mut().for_each(|row| row.waits = false);
        self.agree(&"the backfill").await?;
        for write in story.filled {
            self.write(write).await?;
        }
        self.stage.up_to("hide").await;
        self.model.stage = Side::OldHidden;
        self.agree(&"the hide").await?;
        for write in story.hidden {
            self.write(Write { by: Release::Two, ..write }).await?;
        }
        self.stage.back().await;
        self.model.stage = Side::Both;
        self.agree(&"the unhide").await?;
        for write in story.given_back {
            self.write(write).await?;
        }
        Ok(())
    }
}

/// A write of a column that becomes NOT NULL: nobody reads NULL in a row that was written since the expand.
async fn tell_not_null(stage: &mut Stage, story: Story) -> Result<(), TestCaseError> {
    let subject = subject::NOT_NULL;
    stage.again(&subject.setup(Shape::Plain)).await;
    let mut rows: BTreeMap<i64, Option<usize>> = BTreeMap::new();
    // What stands in a row that is written with NULL: NULL at first, then what is filled in.
    let mut filled = None;
    let steps = story.before.into_iter().map(Step::Write).map(Some);
    let steps = steps.chain([None]).chain(story.waiting.into_iter().map(Some));
    for step in steps {
        match step {
            None => {
                stage.through(Phase::Expand).await;
                filled = Some(1);
            }
            Some(Step::Batch(from, to)) => {
                stage.run(&format!("{} and id > {from} and id <= {to}", backfill(stage))).await;
                rows.range_mut(from + 1..=to).for_each(|(_, value)| *value = value.or(filled));
            }
            Some(Step::Write(write)) => write_not_null(stage, &mut rows, write, filled).await,
        }
        let shown = |value: &Option<usize>| value.map_or("-", |n| subject.values[n].0[0]);
        let expected: Vec<String> =
            rows.iter().map(|(id, value)| format!("{id} | {}", shown(value))).collect();
        let found = stage.rows(&format!("select id, name from {TABLE} order by id")).await;
        prop_assert_eq!(found, expected.join("\n"), "after {:?}", step);
    }
    stage.through(Phase::Contract).await;
    let nulls = stage.rows(&format!("select count(*) from {TABLE} where name is null")).await;
    prop_assert_eq!(nulls, "0");
    Ok(())
}

async fn write_not_null(
    stage: &Stage,
    rows: &mut BTreeMap<i64, Option<usize>>,
    write: Write,
    filled: Option<usize>,
) {
    let value = if let Written::Value(n) = write.value { Some(n) } else { None };
    let literal = subject::NOT_NULL.literals(Release::One, value).join("");
    let id = write.row;
    let sql = match write.how {
        How::Insert | How::Copy | How::Upsert => format!(
            "insert into {TABLE} (id, name) values ({id}, {literal}) on conflict (id) do update set name = excluded.name"
        ),
        How::Update => format!("update {TABLE} set name = {literal} where id = {id}"),
        How::Batch => format!("update {TABLE} set name = {literal} where id % 2 = {id} % 2"),
        How::Again | How::Touch => format!("update {TABLE} set note = 'x' where id = {id}"),
        How::Delete => format!("delete from {TABLE} where id = {id}"),
    };
    stage.run(&sql).await;
    let written = value.or(filled);
    match write.how {
        How::Insert | How::Copy | How::Upsert => {
            rows.insert(id, written);
        }
        How::Update => rows.get_mut(&id).into_iter().for_each(|it| *it = written),
        How::Batch => rows.iter_mut().filter(|(it, _)| *it % 2 == id % 2).for_each(|(_, it)| *it = written),
        How::Again | How::Touch => rows.get_mut(&id).into_iter().for_each(|it| *it = it.or(filled)),
        How::Delete => {
            rows.remove(&id);
        }
    }
}

/// The UPDATE of the backfill, as the file has it, without its `;`.
fn backfill(stage: &Stage) -> String {
    let text = &stage.files.iter().find(|file| file.text.contains("-- upshift: backfill")).unwrap().text;
    let update = &text[text.find("update ").unwrap()..];
    update[..update.find(";\n").unwrap()].to_owned()
}

/// Plays stories of one change; a failing one is made smaller, and printed.
fn check(subject: Subject) {
    play(subject, |runtime, stage, story| {
        runtime.block_on(async {
            stage.again(&subject.setup(Shape::Plain)).await;
            let model = Model { subject, rows: BTreeMap::new(), stage: Side::Old };
            Play { stage, model }.tell(story).await
        })
    });
}

fn play(subject: Subject, mut tell: impl FnMut(&Runtime, &mut Stage, Story) -> Result<(), TestCaseError>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut stage = runtime.block_on(Stage::new(&subject.setup(Shape::Plain), TABLE, subject.recipe));
    let seed = std::env::var("UPSHIFT_SEED").map_or(20_261_121, |text| text.parse::<u64>().unwrap());
    println!("{}: UPSHIFT_SEED={seed} plays the same {CASES} stories again", subject.name);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config =
        Config { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let told = RefCell::new((&mut stage, &mut tell));
    let played =
        TestRunner::new_with_rng(config, rng).run(&story(subject.values.len(), subject.null), |story| {
            let (stage, tell) = &mut *told.borrow_mut();
            tell(&runtime, stage, story)
        });
    played.unwrap_or_else(|error| panic!("{}: {error}", subject.name));
}

#[test]
fn no_release_reads_null_where_it_is_filled_in() {
    play(subject::NOT_NULL, |runtime, stage, story| runtime.block_on(tell_not_null(stage, story)));
}

#[test]
fn both_sides_of_a_renamed_column_agree() {
    check(subject::RENAME);
    check(subject::RENAME_NOT_NULL);
    check(subject::RENAME_JSON);
    check(subject::RENAME_WIDE);
}

#[test]
fn both_names_of_a_column_behind_a_view_agree() {
    check(subject::ALIAS);
}

#[test]
fn both_sides_of_a_column_of_another_type_agree() {
    check(subject::CHANGE_TYPE);
    check(subject::CHANGE_WIDE_TYPE);
}

#[test]
fn both_sides_of_a_split_column_agree() {
    check(subject::SPLIT);
}

#[test]
fn both_sides_of_merged_columns_agree() {
    check(subject::MERGE);
}

#[test]
fn both_sides_of_an_enum_with_other_values_agree() {
    check(subject::REPLACE_ENUM);
}

#[test]
fn both_sides_of_strings_in_a_lookup_table_agree() {
    check(subject::LOOKUP);
}
