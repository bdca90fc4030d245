//! Migrations written in Rust: a `.rs` file in the folder, or an attributed function anywhere.

use std::sync::Arc;

use crate::directive::{Directive, Said};
use crate::header::{HeaderDraft, Transaction};
use crate::{Checksum, Diagnostic, SourceFile, Version};

/// The Rust code of a migration: its text is the checksum's input, the engine knows the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    file: Arc<SourceFile>,
    checksum: Checksum,
}

impl Code {
    pub(crate) fn new(file: Arc<SourceFile>) -> Code {
        Code { checksum: Checksum::of(&file.text), file }
    }

    /// The path of the Rust file.
    pub fn path(&self) -> &str {
        &self.file.path
    }

    /// The text the checksum is of: the file, or the attributed function.
    pub fn text(&self) -> &str {
        &self.file.text
    }

    /// The checksum of that text.
    pub fn checksum(&self) -> Checksum {
        self.checksum
    }
}

/// A migration written as an attributed Rust function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeHeader {
    /// The file the function stands in.
    pub path: &'static str,
    /// Its version.
    pub version: Version,
    /// Its name.
    pub name: &'static str,
    /// The function's text, the checksum's input.
    pub text: &'static str,
    /// Whether it is given a transaction.
    pub transaction: Transaction,
    /// Whether it can be reverted.
    pub down: CodeDown,
}

/// Whether a Rust migration has a down function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeDown {
    /// It has one.
    Present,
    /// It has none.
    Absent,
}

/// What a `.rs` file of the folder says.
pub(crate) struct CodeFile {
    pub draft: HeaderDraft,
    pub down: CodeDown,
}

/// Reads the directives (`// upshift: …`, in the comment at the top) and the functions of a `.rs` file.
pub(crate) fn read(file: &SourceFile) -> (CodeFile, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let mut draft = HeaderDraft::default();
    for line in lines(&file.text) {
        let text = &file.text[line.clone()];
        let Some(found) = directive_at(text) else { continue };
        let payload = match found {
            Candidate::Exact(offset) => line.start + offset..line.end,
            Candidate::Near => {
                let problem =
                    Diagnostic::at(&*file.path, &file.text, line, "this looks like a directive and is none");
                problems.push(problem.help("write `// upshift: `, at the beginning of the line"));
                continue;
            }
        };
        let taken = Directive::parse(file, payload).and_then(|directive| match directive {
            Directive::Section(_) | Directive::Vars(_) | Directive::Backfill(_) => {
                let message = format!("`{}` means nothing in a Rust file", directive.word());
                Err(Diagnostic::at(&*file.path, &file.text, line.clone(), message)
                    .help("sections are functions here: `pub async fn up(…)`, `pub async fn down(…)`"))
            }
            directive => draft.take(Said { directive, line: line.clone() }, file),
        });
        problems.extend(taken.err());
    }
    problems.extend(draft.close(file));
    if !has_function(&file.text, "up") {
        let problem = Diagnostic::of_file(&*file.path, "no `pub async fn up(` in this Rust migration");
        problems.push(problem.help(
            "write `pub async fn up(step: &mut StepContext<'_>) -> Result<(), BoxError>`; a helper file begins with no version",
        ));
    }
    let down = if has_function(&file.text, "down") { CodeDown::Present } else { CodeDown::Absent };
    (CodeFile { draft, down }, problems)
}

/// What follows the colon of each line of a `.rs` file that is a directive.
pub(crate) fn directives(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    lines(text).filter_map(|line| match directive_at(&text[line.clone()])? {
        Candidate::Exact(offset) => Some(line.start + offset..line.end),
        Candidate::Near => None,
    })
}

enum Candidate {
    /// A directive; its words begin at this byte of the line.
    Exact(usize),
    Near,
}

fn directive_at(line: &str) -> Option<Candidate> {
    const FORM: &str = "// upshift:";
    if line.starts_with(FORM) {
        return Some(Candidate::Exact(FORM.len()));
    }
    let words = line.trim_start().strip_prefix("//")?.trim_start_matches(['/', '!', ' ', '\t']);
    crate::scan::looks_like_directive(words).then_some(Candidate::Near)
}

/// The ranges of the lines, without their ends.
fn lines(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let range = start..start + line.trim_end_matches(['\n', '\r']).len();
        start += line.len();
        range
    })
}

/// Whether a line of the text begins the public asynchronous function `name`.
fn has_function(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let rest = line.trim_start().strip_prefix("pub async fn ").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.trim_start().starts_with(['(', '<']))
    })
}
