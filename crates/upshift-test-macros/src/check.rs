//! The function's shape and the fixtures' files, read with the code that migrations are read with.

use std::path::{Path, PathBuf};

use syn::{Error, FnArg, LitStr, Type};
use upshift_files::{Diagnostic, sql};

use crate::parse::{Arguments, Function};

/// A test without a mistake.
pub(crate) struct Test {
    pub arguments: Arguments,
    pub fixtures: Vec<File>,
    /// The types of the function's arguments.
    pub types: Vec<Type>,
}

/// A fixture that is there.
pub(crate) struct File {
    pub said: LitStr,
    pub absolute: String,
    /// From where `Cargo.toml` is.
    pub shown: String,
}

/// Where fixtures are, from where `Cargo.toml` is.
const FOLDER: &str = "fixtures";

/// Everything that is wrong, at once.
pub(crate) fn check(arguments: Arguments, function: &Function) -> Result<Test, Vec<Error>> {
    let mut mistakes = shape(function);
    let mut fixtures = Vec::new();
    for said in &arguments.fixtures {
        match fixture(said) {
            Ok(file) => fixtures.push(file),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let mut types = Vec::new();
    for argument in &function.signature.inputs {
        match argument {
            FnArg::Typed(typed) => types.push((*typed.ty).clone()),
            FnArg::Receiver(receiver) => {
                mistakes.push(Error::new_spanned(receiver, "a test has no `self`: make it a function"));
            }
        }
    }
    if mistakes.is_empty() { Ok(Test { arguments, fixtures, types }) } else { Err(mistakes) }
}

fn shape(function: &Function) -> Vec<Error> {
    let signature = &function.signature;
    let mut mistakes = Vec::new();
    if signature.asyncness.is_none() {
        let message = "a test with a database is async: write `async fn`";
        mistakes.push(Error::new_spanned(signature.fn_token, message));
    }
    if !signature.generics.params.is_empty() {
        let message = "a test is of one type: nobody would choose for its parameters";
        mistakes.push(Error::new_spanned(&signature.generics, message));
    }
    if signature.inputs.is_empty() {
        let message =
            "nothing of the database is used: take a `TestDatabase`, a `Pool`, a `Client` or a `DatabaseUrl`";
        mistakes.push(Error::new_spanned(&signature.ident, message));
    }
    for attribute in &function.attributes {
        if attribute.path().segments.last().is_some_and(|last| last.ident == "test") {
            let message = "it is made a test twice: `#[upshift_test::test]` does that alone";
            mistakes.push(Error::new_spanned(attribute, message));
        }
    }
    mistakes
}

fn fixture(said: &LitStr) -> Result<File, Error> {
    let wrong = |text: String| Error::new(said.span(), text);
    let name = said.value();
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| {
        wrong("cargo did not say where this crate is (CARGO_MANIFEST_DIR): compile it with cargo".into())
    })?;
    let folder = PathBuf::from(crate_folder).join(FOLDER);
    let shown = format!("{FOLDER}/{name}");
    let path = folder.join(&name);
    let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => wrong(missing(&shown, &folder)),
        _ => wrong(format!("{shown} cannot be read: {error}")),
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let valid = String::from_utf8_lossy(error.as_bytes().get(..at).unwrap_or_default()).into_owned();
        let found = Diagnostic::at(&*shown, &valid, at..at, "this file is not UTF-8 from here on");
        wrong(found.help("save it as UTF-8").to_string())
    })?;
    statements(&shown, &text).map_err(|found| wrong(found.to_string()))?;
    let absolute = path.to_str().map(str::to_owned);
    let absolute = absolute
        .ok_or_else(|| wrong("the path of this crate is not UTF-8: move it to one that is".into()))?;
    Ok(File { said: said.clone(), absolute, shown })
}

/// Whether the server could be sent it: whole quotes, no psql command, no data for COPY.
fn statements(path: &str, text: &str) -> Result<(), Diagnostic> {
    let statements = sql::split(text).map_err(|error| {
        let found = Diagnostic::at(path, text, error.range, error.message);
        match error.help {
            Some(help) => found.help(help),
            None => found,
        }
    })?;
    for statement in &statements {
        let range = statement.range.clone();
        match statement.kind {
            sql::StatementKind::CopyFromStdin { .. } => {
                let found = Diagnostic::at(path, text, range, "a fixture cannot have the data of a COPY");
                return Err(found.help("write `insert into … values …`"));
            }
            sql::StatementKind::TransactionControl { .. } => {
                let found = Diagnostic::at(path, text, range, "a fixture is one transaction already");
                return Err(found.help("delete it"));
            }
            _ => {}
        }
    }
    if statements.is_empty() {
        let found = Diagnostic::of_file(path, "there is no statement in this fixture");
        return Err(found.help("write one, or do not name it"));
    }
    Ok(())
}

/// What there is instead.
fn missing(shown: &str, folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names.retain(|name| name.ends_with(".sql"));
    let there = match names.as_slice() {
        [] => format!("write it; fixtures are in `{FOLDER}`, beside Cargo.toml"),
        names => format!("in `{FOLDER}` there are {}", names.join(", ")),
    };
    format!("there is no fixture `{shown}`: {there}")
}
