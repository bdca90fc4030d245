//! Blocks that are files: configuration, JSON, YAML, SQL; and how many blocks of Rust are not compiled.

use upshift_files::SourceFile;
use yaml_rust2::YamlLoader;

use crate::book::{Block, blocks, files, pages, read};

/// Blocks of one language, of all pages.
fn each(language: &str, mut check: impl FnMut(&Block<'_>)) -> usize {
    let mut count = 0;
    for page in pages() {
        for block in blocks(&page).iter().filter(|block| block.language() == language) {
            check(block);
            count += 1;
        }
    }
    count
}

#[test]
fn every_toml_is_toml() {
    let count = each("toml", |block| {
        let read = block.text.parse::<toml::Table>();
        assert!(read.is_ok(), "{}: {}", block.place(), read.unwrap_err());
    });
    assert!(count > 0);
}

#[test]
fn every_json_is_json() {
    let count = each("json", |block| {
        let read = serde_json::from_str::<serde_json::Value>(&block.text);
        assert!(read.is_ok(), "{}: {}", block.place(), read.unwrap_err());
    });
    assert!(count > 0);
}

#[test]
fn every_yaml_is_yaml() {
    each("yaml", |block| {
        let read = YamlLoader::load_from_str(&block.text);
        assert!(read.is_ok(), "{}: {}", block.place(), read.unwrap_err());
    });
}

/// The rules' own examples are run by `tests/lint/examples.rs`, the tutorial's files by `tutorial.rs`.
#[test]
fn every_sql_is_understood_as_a_migration() {
    let count = each("sql", |block| {
        if ["docs/lints.md", "docs/tutorial.md"].contains(&block.page) {
            return;
        }
        let file = SourceFile::new("1_block.sql", block.text.clone());
        let read = upshift::Source::files([file]).set();
        assert!(read.is_ok(), "{}: {}", block.place(), read.unwrap_err().render());
    });
    assert!(count > 0);
}

#[test]
fn no_rust_is_left_uncompiled() {
    each("rust", |block| assert!(!block.info.contains("ignore"), "{}", block.place()));
}

/// Every page with Rust in it is a doctest of this crate.
#[test]
fn every_page_with_rust_is_compiled() {
    let list = read("tests/book/src/lib.rs");
    for page in pages() {
        if blocks(&page).iter().any(|block| block.language() == "rust") {
            assert!(
                list.contains(&format!("../../../{}\"", page.path)),
                "{} is not in src/lib.rs",
                page.path
            );
        }
    }
}

#[test]
fn every_language_is_one_that_somebody_reads() {
    let known = ["rust", "sql", "sh", "console", "text", "toml", "json", "yaml"];
    for page in pages() {
        for block in blocks(&page) {
            assert!(known.contains(&block.language()), "{}: ```{}", block.place(), block.info);
        }
    }
}

/// What the guide about tests shows is a test program of this crate.
#[test]
fn every_test_of_the_guide_is_run() {
    let program = read("tests/book/tests/guide.rs");
    let (_, text) = program.split_once("\n\n").unwrap();
    let shown = read("docs/guides/testing.md");
    assert!(shown.contains(&format!("```rust,no_run\n{text}```")), "docs/guides/testing.md has not:\n{text}");
}

/// The manifests that the guide for Kubernetes is about.
#[test]
fn every_manifest_is_yaml_of_a_known_kind() {
    for path in files("docs/kubernetes", ".yaml") {
        for manifest in
            YamlLoader::load_from_str(&read(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
        {
            let kind = manifest["kind"].as_str().unwrap_or_default();
            assert!(["Deployment", "Job", "Secret", "Service"].contains(&kind), "{path}: {kind}");
            assert!(manifest["apiVersion"].as_str().is_some(), "{path}: {kind} has no apiVersion");
        }
    }
}
