//! Every mistake a user of the macros can make, and what the compiler tells then; and, in `ui/pass`, what must compile.
//!
//! One file in `ui/embed`, `ui/migration` and `ui/test` a mistake, named by it; the folders they embed are in `ui/folders`,
//! the fixtures of tests in `ui/fixtures`.
//! `TRYBUILD=overwrite cargo test -p upshift-promises --test ui` writes the `.stderr` files anew.

#[path = "ui/pass/mod.rs"]
mod pass;

use std::path::{Path, PathBuf};
use std::{fs, io};

#[test]
fn every_mistake_is_told_with_its_place() {
    lay_folders().unwrap();
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/embed/*.rs");
    cases.compile_fail("ui/migration/*.rs");
    cases.compile_fail("ui/test/*.rs");
}

/// trybuild compiles the cases in a crate of its own, and the macros look for folders there.
fn lay_folders() -> io::Result<()> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap_or(Path::new("."));
    let to = target.join("tests/trybuild").join(env!("CARGO_PKG_NAME"));
    for name in ["folders", "fixtures"] {
        let to = to.join(name);
        if to.exists() {
            fs::remove_dir_all(&to)?;
        }
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("ui").join(name), &to)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &PathBuf) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
