//! What a set promises besides its contents.

use super::*;

fn parse(files: Vec<(&'static str, &'static str)>) -> MigrationSet {
    let files = files.into_iter().map(|(path, text)| SourceFile::embedded(path, text)).collect();
    MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect)
        .unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn versioned_ones_come_first_and_ascend_whatever_order_they_come_in() {
    let set = parse(vec![
        ("R__b.sql", "select 1"),
        ("10_b.sql", "select 1"),
        ("R__a.sql", "select 1"),
        ("9_a.sql", "select 1"),
    ]);
    let labels: Vec<String> = set.iter().map(Migration::label).collect();
    assert_eq!(labels, ["9_a", "10_b", "R__a", "R__b"]);
    assert_eq!((set.versioned().len(), set.repeatables().len(), set.len()), (2, 2, 4));
    assert_eq!(set.head(), Version::new(10));
    let get = |version| Version::new(version).and_then(|version| set.get(version)).map(Migration::label);
    assert_eq!((get(9), get(11)), (Some("9_a".to_owned()), None));
}

#[test]
fn an_empty_source_is_an_empty_set() {
    let set = parse(Vec::new());
    assert!(set.is_empty() && set.head().is_none() && set.layout() == Layout::Native);
}

#[test]
fn the_checksum_is_of_the_section_and_not_of_its_neighbours_or_its_variables() {
    let one = parse(vec![("1_a.sql", "-- upshift: vars on\nselect ${a};\n\n-- upshift: down\nselect 2;")]);
    let other = parse(vec![("1_a.sql", "-- upshift: vars on\nselect ${a};\n-- upshift: down\nselect 3;")]);
    let up = |set: &MigrationSet| set.iter().next().and_then(|m| m.sections().next().cloned()).unwrap();
    assert_eq!(up(&one).checksum(), up(&other).checksum());
    assert_eq!(up(&one).checksum(), Checksum::of("-- upshift: vars on\nselect ${a};"));
    assert_eq!(up(&one).bind(&Vars::new().with("a", "1")).unwrap().checksum(), up(&one).checksum());
}

#[test]
fn a_mistake_in_a_text_with_values_in_it_points_into_the_file() {
    let set = parse(vec![("1_a.sql", "-- upshift: vars on\nselect ${a:literal}, wrong;")]);
    let up = set.iter().next().and_then(|m| m.sections().next().cloned()).unwrap();
    let bound = up.bind(&Vars::new().with("a", "a long value with 'quotes'")).unwrap();
    let wrong = bound.text().find("wrong").unwrap();
    assert_eq!(bound.position(wrong), Position { line: 2, column: 22 });
    assert_eq!(bound.position(wrong - 5), Position { line: 2, column: 8 });
    let expected = "\
no such column
 --> 1_a.sql:2:22
  |
2 | select ${a:literal}, wrong;
  |                      ^^^^^";
    let shown = bound.diagnostic(wrong..wrong + 5, "no such column").to_string();
    assert_eq!(
        shown.lines().map(str::trim).collect::<Vec<_>>(),
        expected.lines().map(str::trim).collect::<Vec<_>>()
    );
}

#[test]
fn a_folder_that_cannot_be_read_says_why() {
    let place = std::env::temp_dir().join(format!("upshift-files-{}", std::process::id()));
    let folder = |name: &str| place.join(name);
    std::fs::create_dir_all(folder("empty")).unwrap();
    std::fs::create_dir_all(folder("latin/deep")).unwrap();
    std::fs::write(folder("latin/2_b.sql"), b"select 1;\nselect '\xe9';").unwrap();
    std::fs::write(folder("latin/deep/1_a.sql"), b"select 1;").unwrap();
    let said = |name: &str| match folder::read(&folder(name)) {
        Ok(files) => format!("{} files", files.len()),
        Err(problems) => {
            problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; ")
        }
    };
    let outcomes = ["missing", "empty", "latin", "latin/deep", "latin/deep/1_a.sql"].map(said);
    let listed = folder::list(&folder("latin")).unwrap();
    std::fs::remove_dir_all(&place).unwrap();
    assert_eq!(
        outcomes,
        [
            "there is no such folder",
            "there are no migrations in this folder",
            "this file is not UTF-8: the byte 18, at 2:9, is wrong",
            "1 files",
            "this is no folder",
        ]
    );
    assert_eq!(listed, ["2_b.sql", "deep/1_a.sql"]);
}
