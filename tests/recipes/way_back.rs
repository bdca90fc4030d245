//! The way back: every file's down, newest first, leaves the schema as it was before that file, and the rows.

use upshift_recipes::Phase;

use crate::change::{self, Change};
use crate::stage::Stage;
use crate::subject::{ALIAS, Release, SYNCED, Shape, TABLE};

/// No file rewrites the table: it keeps its file on disk, whatever it is called.
const FILES: &str = "\
    select string_agg(pg_relation_filenode(oid)::text, ' ' order by oid) from pg_class
    where relnamespace = 'app'::regnamespace and relkind in ('r', 'p')";

/// Whether the schema behind a file's down is that before the file in all but this: a constraint takes the index
/// it stands on with it, and a parent's key those of its partitions, and one that every row was looked at for is not looked at again on the way back. The down of the
/// file before ends that.
fn is_in_between(file: &str) -> bool {
    let sets_not_null = file.ends_with("_not_null")
        && !["hold_", "expand_", "backfill_", "finish_"].iter().any(|word| file.starts_with(word));
    sets_not_null || ["unique_", "primary_key_", "check_", "join_"].iter().any(|word| file.starts_with(word))
}

#[tokio::test]
async fn every_down_of_a_rule_restores_schema_and_rows_and_no_up_rewrites_the_table() {
    there_and_back(change::of_rules()).await;
}

#[tokio::test]
async fn every_down_of_a_pair_restores_schema_and_rows_and_no_up_rewrites_the_table() {
    there_and_back(change::of_sides(Shape::Plain)).await;
}

#[tokio::test]
async fn every_down_of_a_pair_on_partitions_restores_schema_and_rows() {
    there_and_back(change::of_sides(Shape::Partitioned)).await;
}

async fn there_and_back(changes: Vec<Change>) {
    for change in changes {
        let mut stage = Stage::new(&change.setup, TABLE, change.recipe).await;
        let files = stage.rows(FILES).await;
        let rows = stage.rows(&change.question).await;
        // Without pg_dump the rows are compared all the same.
        let mut dumps: Vec<String> = stage.dump().into_iter().collect();
        while stage.next_is_reversible() {
            stage.next().await;
            dumps.extend(stage.dump());
            let now = stage.rows(FILES).await;
            // The lookup table is new, and behind the others.
            assert!(
                now.starts_with(&files),
                "{}: {} rewrites: {files} is {now}",
                change.name,
                stage.last().name
            );
        }
        dumps.pop();
        while stage.has_applied() {
            let file = stage.last().name.clone();
            stage.back().await;
            if let (Some(before), Some(after)) = (dumps.pop(), stage.dump())
                && !is_in_between(&file)
            {
                assert_eq!(after, before, "{}: the down of {file}", change.name);
            }
        }
        assert_eq!(stage.rows(&change.question).await, rows, "{}", change.name);
        assert_eq!(stage.rows(FILES).await, files, "{}", change.name);
    }
}

#[tokio::test]
async fn what_both_releases_wrote_is_there_after_the_way_back() {
    for subject in SYNCED.iter().chain([&ALIAS]) {
        let mut stage = Stage::new(&subject.setup(Shape::Plain), TABLE, subject.recipe).await;
        stage.through(Phase::Expand).await;
        for (n, _) in subject.values.iter().enumerate() {
            for (release, id) in [(Release::One, n), (Release::Two, n + 100)] {
                let (columns, literals) =
                    (subject.columns(release), subject.literals(release, Some(n)).join(", "));
                stage.run(&format!("insert into {TABLE} (id, {columns}) values ({id}, {literals})")).await;
                let set = subject.assignments(release, Some((n + 1) % subject.values.len()));
                stage
                    .run(&format!("insert into {TABLE} (id, {columns}) values ({id} + 200, {literals})"))
                    .await;
                stage.run(&format!("update {TABLE} set {set} where id = {id} + 200")).await;
            }
        }
        let question = format!("select id, {} from {TABLE} order by id", subject.columns(Release::One));
        let before = stage.rows(&question).await;
        while stage.next_is_reversible() {
            stage.next().await;
        }
        while stage.has_applied() {
            stage.back().await;
        }
        assert_eq!(stage.rows(&question).await, before, "{}", subject.name);
    }
}

/// All files to the last: the old side is gone, and nothing of ours is left.
#[tokio::test]
async fn after_the_purge_nothing_of_ours_is_left() {
    const OURS: &str = "\
        select coalesce(string_agg(name, ' '), 'nothing') from (
            select proname from pg_proc where pronamespace = 'app'::regnamespace
            union all select tgname from pg_trigger join pg_class c on c.oid = tgrelid
                where not tgisinternal and c.relnamespace = 'app'::regnamespace
            union all select attname from pg_attribute where attname like '%upshift%' and not attisdropped
            union all select conname from pg_constraint where conname like '%upshift%'
        ) ours (name)";
    for change in change::of_rules().into_iter().chain(change::of_sides(Shape::Plain)) {
        let mut stage = Stage::new(&change.setup, TABLE, change.recipe).await;
        for _ in 0..stage.files.len() {
            stage.next().await;
        }
        assert_eq!(stage.rows(OURS).await, "nothing", "{}", change.name);
    }
}
