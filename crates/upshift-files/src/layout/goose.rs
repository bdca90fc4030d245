//! goose: annotations on lines of their own, `-- +goose Up` and so on. Read line by line, as goose does.

use std::ops::Range;

use super::MarkedSection;
use super::lines::{Line, lines};
use crate::header::Transaction;
use crate::scan::Leading;
use crate::section::{Envsub, Replace};
use crate::{Diagnostic, SectionKind, SourceFile, word};

const WORDS: [&str; 7] =
    ["Up", "Down", "StatementBegin", "StatementEnd", "NO TRANSACTION", "ENVSUB ON", "ENVSUB OFF"];

/// What goose's annotations say; whatever else they are, at least `Up` must be there.
pub(super) fn sections(file: &SourceFile) -> Result<Option<Vec<MarkedSection>>, Vec<Diagnostic>> {
    let text = &*file.text;
    if !text.contains("+goose") {
        if text.contains("-- upshift:") {
            return Ok(None);
        }
        let problem = Diagnostic::of_file(&*file.path, "no `-- +goose Up` in this file");
        return Err(vec![
            problem.help("begin it with a line `-- +goose Up`, as the other files of the folder do"),
        ]);
    }
    let mut reader =
        Reader { file, sections: Vec::new(), block: None, transaction: Transaction::On, envsub: Envsub::Off };
    let mut problems = Vec::new();
    for line in
        lines(text).filter(|line| line.text.trim_start().starts_with("--") && line.text.contains("+goose"))
    {
        problems.extend(reader.take(line).err());
    }
    reader.close(problems).map(Some)
}

/// The annotation on a line, when it is one.
pub(super) fn annotation(line: &str) -> Option<&str> {
    let line = line.starts_with("--").then_some(line)?;
    let (before, after) = line.split_once("+goose")?;
    before.chars().all(|c| c == '-' || c.is_whitespace()).then(|| after.trim())
}

struct Reader<'f> {
    file: &'f SourceFile,
    sections: Vec<MarkedSection>,
    /// The line of the StatementBegin that waits for its end.
    block: Option<Range<usize>>,
    transaction: Transaction,
    envsub: Envsub,
}

impl Reader<'_> {
    fn wrong(&self, at: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&*self.file.path, &self.file.text, at, message)
    }

    fn take(&mut self, line: Line<'_>) -> Result<(), Diagnostic> {
        let Some(said) = annotation(line.text) else {
            let problem = self.wrong(line.range, "a line with `+goose` that is no annotation");
            return Err(
                problem.help("goose refuses such lines: begin it with `-- +goose `, or reword the comment")
            );
        };
        let Some(known) = WORDS.iter().find(|word| word.eq_ignore_ascii_case(said)) else {
            let problem = self.wrong(line.range, format!("unknown goose annotation `{said}`"));
            return Err(problem.help(word::did_you_mean(said, &WORDS)));
        };
        match *known {
            "Up" => self.begin(SectionKind::Up, line),
            "Down" => self.begin(SectionKind::Down, line),
            "StatementBegin" if self.sections.is_empty() => Err(self
                .wrong(line.range, "`StatementBegin` before `-- +goose Up`")
                .help("move it below that line")),
            "StatementBegin" if self.block.is_some() => Err(self
                .wrong(line.range, "`StatementBegin` inside of another")
                .help("end the first with `-- +goose StatementEnd`")),
            "StatementBegin" => {
                self.block = Some(line.range);
                Ok(())
            }
            "StatementEnd" => match self.block.take() {
                Some(_) => Ok(()),
                None => Err(self
                    .wrong(line.range, "`StatementEnd` without `StatementBegin`")
                    .help("delete it, or begin the block")),
            },
            "NO TRANSACTION" => {
                self.transaction = Transaction::Off;
                Ok(())
            }
            "ENVSUB ON" => {
                self.envsub = Envsub::On;
                // The section the line stands in is replaced from here on: `bind` meets the line again.
                if let Some(section) = self.sections.last_mut().filter(|s| s.replace == Replace::Nothing) {
                    section.replace = Replace::Envsub(Envsub::Off);
                }
                Ok(())
            }
            _ => {
                self.envsub = Envsub::Off;
                Ok(())
            }
        }
    }

    fn begin(&mut self, kind: SectionKind, line: Line<'_>) -> Result<(), Diagnostic> {
        if let Some(block) = self.block.take() {
            return Err(self.unended(block));
        }
        if self.sections.iter().any(|section| section.kind == kind) {
            let problem = self.wrong(
                line.range,
                format!("`-- +goose {}` stands twice", line.text.trim_start_matches("-- +goose ").trim()),
            );
            return Err(problem.help("join the two"));
        }
        match self.sections.last_mut() {
            Some(open) => open.body.end = line.range.start,
            None if kind == SectionKind::Down => {
                let problem = self.wrong(line.range, "`-- +goose Down` before `-- +goose Up`");
                return Err(problem.help("goose reads Up first: move it above"));
            }
            None => {
                let leading = Leading::of(&self.file.text).end;
                if leading < line.range.start {
                    let problem = self.wrong(leading..line.range.start, "SQL before `-- +goose Up`");
                    return Err(
                        problem.help("move it below that line: goose refuses text that is in no section")
                    );
                }
            }
        }
        let mut section = MarkedSection::new(kind, line.range, line.next..self.file.text.len());
        if self.envsub == Envsub::On {
            section.replace = Replace::Envsub(Envsub::On);
        }
        self.sections.push(section);
        Ok(())
    }

    fn unended(&self, block: Range<usize>) -> Diagnostic {
        self.wrong(block, "`StatementBegin` without `StatementEnd`")
            .help("end the block with `-- +goose StatementEnd`")
    }

    fn close(mut self, mut problems: Vec<Diagnostic>) -> Result<Vec<MarkedSection>, Vec<Diagnostic>> {
        if let Some(block) = self.block.take() {
            problems.push(self.unended(block));
        }
        if problems.is_empty() && self.sections.is_empty() {
            let problem = Diagnostic::of_file(&*self.file.path, "no `-- +goose Up` in this file");
            problems.push(problem.help("begin it with a line `-- +goose Up`"));
        }
        for section in &mut self.sections {
            section.transaction = self.transaction;
        }
        if problems.is_empty() { Ok(self.sections) } else { Err(problems) }
    }
}
