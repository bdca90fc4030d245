//! `embed_migrations!`, everywhere a value may stand.

use upshift::Source;
use upshift::files::{Body, Down, MigrationSet};

const CONSTANT: Source = upshift::embed_migrations!("ui/folders/good");
static STATIC: Source = upshift::embed_migrations!("ui/folders/rust");

macro_rules! migrations {
    ($name:ident, $folder:literal) => {
        const $name: Source = upshift::embed_migrations!($folder);
    };
}

migrations!(THROUGH_A_MACRO, "ui/folders/good");
migrations!(RUST_THROUGH_A_MACRO, "ui/folders/rust");

fn labels(set: &MigrationSet) -> Vec<String> {
    set.iter().map(|migration| migration.label()).collect()
}

#[test]
fn a_source_is_a_constant_a_static_or_an_expression() {
    let good = ["20260514093000_create_orders", "20260515101500_add_status", "R__open_orders"];
    let rust = ["20260514093000_create_users", "20260515101500_split_names", "20260516000000_count_users"];
    let cases = [
        ("const", &CONSTANT, good),
        ("static", &STATIC, rust),
        ("expression", &upshift::embed_migrations!("ui/folders/good"), good),
        ("expression with Rust files", &upshift::embed_migrations!("ui/folders/rust",), rust),
        ("const through another macro", &THROUGH_A_MACRO, good),
        ("const through another macro, with Rust files", &RUST_THROUGH_A_MACRO, rust),
        ("a path with dots", &upshift::embed_migrations!("ui/../ui/folders/./good"), good),
        ("the crate's own folder", &upshift::embed_migrations!("../tests/ui/folders/good"), good),
    ];
    for (case, source, expected) in cases {
        assert_eq!(labels(&source.set().unwrap()), expected, "{case}");
    }
}

#[test]
fn hidden_files_copies_of_editors_and_documents_are_passed_over() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/folders/good");
    for passed_over in [".20260516000000_draft.sql", ".hidden/20260516000000_draft.sql", "README.md"] {
        assert!(folder.join(passed_over).exists(), "{passed_over}");
    }
    assert_eq!(CONSTANT.check().unwrap().len(), 3);
}

#[test]
fn a_layout_may_be_said() {
    let source = upshift::embed_migrations!("ui/folders/goose", layout = "goose");
    assert_eq!(source.set().unwrap().layout().to_string(), "goose");
}

#[test]
fn rust_files_are_compiled_in_and_their_text_is_known() {
    let set = STATIC.set().unwrap();
    let told: Vec<String> = set
        .iter()
        .map(|migration| {
            let (up, text) = match migration.up() {
                Body::Code(code) => ("Rust", code.text()),
                Body::Sql(section) => ("SQL", section.text()),
            };
            let down = if *migration.down() == Down::Code { "Rust" } else { "none" };
            let first = text.lines().next().unwrap_or("");
            format!("{} up {up} down {down}: {first}", migration.name())
        })
        .collect();
    assert_eq!(
        told,
        [
            "create_users up SQL down none: create table users (id bigint primary key, name text, first_name text);",
            "split_names up Rust down Rust: // upshift: phase backfill",
            "count_users up Rust down none: use upshift::{BoxError, StepContext};",
        ]
    );
}
