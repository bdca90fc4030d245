//! Reads one SQL file: its directives, and the sections it is cut into.

use std::ops::Range;
use std::sync::Arc;

use crate::directive::{Directive, Said};
use crate::header::{Allow, AllowPlace, Header, HeaderDraft, Substitution, Transaction};
use crate::layout::{Dialect, MarkedSection};
use crate::scan::{self, Leading};
use crate::section::Replace;
use crate::{Diagnostic, Section, SectionKind, SourceFile};

/// What a file is to its migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// All of it: up, and further sections if it says so.
    Whole,
    /// One section, said by the file's name.
    Only(SectionKind),
}

/// One SQL file, read.
#[derive(Default)]
pub(crate) struct Reading {
    pub draft: HeaderDraft,
    pub sections: Vec<Section>,
}

/// How a file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    pub role: Role,
    pub dialect: Dialect,
    /// What the tool itself says about the transaction, outside of the sections' text.
    pub transaction: Transaction,
    /// What the tool itself replaces.
    pub replace: Replace,
}

/// Reads a file: everything it says, and everything that is wrong with it.
pub(crate) fn read(file: &Arc<SourceFile>, manner: Manner) -> (Reading, Vec<Diagnostic>) {
    let (lines, mut problems) = scan::directives(file);
    let mut said = Vec::new();
    for line in lines {
        match Directive::parse(file, line.payload) {
            Ok(directive) => said.push(Said { directive, line: line.line }),
            Err(problem) => problems.push(problem),
        }
    }
    let marked = match manner.dialect.sections(file) {
        Ok(marked) => marked,
        Err(wrong) => {
            problems.extend(wrong);
            return (Reading::default(), problems);
        }
    };
    let marked = match (marked, manner.role) {
        (Some(marked), _) => {
            problems.extend(
                said.iter().filter(|s| is_section(s)).map(|s| foreign_section(file, s, manner.dialect)),
            );
            marked
        }
        (None, Role::Only(kind)) => {
            problems.extend(said.iter().filter(|s| is_section(s)).map(|s| already_named(file, s, kind)));
            vec![MarkedSection::new(kind, 0..0, 0..file.text.len())]
        }
        (None, Role::Whole) => own_sections(file, &said, &mut problems),
    };
    let mut draft = read_header(file, said, &marked, manner.role, &mut problems);
    problems.extend(draft.close(file));
    let sections: Vec<Section> =
        marked.into_iter().map(|section| finish(file, section, &draft.header, manner)).collect();
    if let Some(up) = sections.iter().find(|section| section.kind() == SectionKind::Up) {
        draft.header.transaction = up.transaction();
        draft.header.substitution = up.substitution();
    }
    (Reading { draft, sections }, problems)
}

fn is_section(said: &Said) -> bool {
    matches!(said.directive, Directive::Section(_))
}

fn foreign_section(file: &SourceFile, said: &Said, dialect: Dialect) -> Diagnostic {
    let message =
        format!("`{}` begins a section in a file whose sections {dialect} marks", said.directive.word());
    Diagnostic::at(&*file.path, &file.text, said.line.clone(), message)
        .help("use one of the two forms in this file")
}

fn already_named(file: &SourceFile, said: &Said, kind: SectionKind) -> Diagnostic {
    let message = format!("the file's name says that all of it is `{kind}`");
    let problem = Diagnostic::at(&*file.path, &file.text, said.line.clone(), message);
    problem.help("delete this line, and move other sections to files of their own")
}

/// Cuts a file at its section directives.
fn own_sections(file: &SourceFile, said: &[Said], problems: &mut Vec<Diagnostic>) -> Vec<MarkedSection> {
    let starts: Vec<(SectionKind, &Range<usize>)> = said
        .iter()
        .filter_map(|said| match said.directive {
            Directive::Section(kind) => Some((kind, &said.line)),
            _ => None,
        })
        .collect();
    let mut sections: Vec<MarkedSection> = Vec::new();
    let first = starts.first().map_or(file.text.len(), |(_, line)| line.start);
    // A file nobody has written anything into yet: nothing in it belongs elsewhere.
    let is_said = |line: &str| line.trim_start().starts_with("-- upshift:");
    let is_blank = file.text.lines().all(|line| line.trim().is_empty() || is_said(line));
    let has_up = starts.iter().any(|(kind, _)| *kind == SectionKind::Up);
    let is_fresh = is_blank && !has_up && !starts.is_empty();
    if is_fresh {
        let empty = Diagnostic::of_file(&*file.path, "the up section is empty");
        problems.push(empty.help("write the statements, or delete the file"));
    }
    if starts.is_empty() || Leading::of(&file.text).end < first {
        sections.push(MarkedSection::new(SectionKind::Up, 0..0, 0..first));
    }
    for (n, (kind, line)) in starts.iter().enumerate() {
        let end = starts.get(n + 1).map_or(file.text.len(), |(_, next)| next.start);
        let begin = after_line(&file.text, line.end);
        let wrong = |message: String| Diagnostic::at(&*file.path, &file.text, (*line).clone(), message);
        if let Some(twin) = sections.iter().find(|section| section.kind == *kind) {
            let problem = wrong(format!("section `{kind}` stands twice in this file"));
            problems.push(problem.help(match twin.mark.is_empty() {
                true => "the text before the first section directive is `up` already: join the two",
                false => "join the two",
            }));
            continue;
        }
        let after_up = sections.iter().any(|section| section.kind == SectionKind::Up);
        if !after_up && matches!(kind, SectionKind::Down | SectionKind::Verify) && !is_fresh {
            let up_follows = starts[n..].iter().any(|(kind, _)| *kind == SectionKind::Up);
            problems.push(match up_follows {
                true => wrong(format!("section `{kind}` stands before `up`"))
                    .help("write the sections in the order guard, up, verify, down"),
                false => wrong(format!("section `{kind}` without `up`"))
                    .help("write what it belongs to above it, or begin with `-- upshift: up`"),
            });
        }
        sections.push(MarkedSection::new(*kind, (*line).clone(), begin..end.max(begin)));
    }
    sections
}

/// Where the line after the one that ends at `end` begins.
fn after_line(text: &str, end: usize) -> usize {
    text[end..].find('\n').map_or(text.len(), |length| end + length + 1)
}

/// Sorts the directives: into the header, to a statement, or wrong where they stand.
fn read_header(
    file: &SourceFile,
    said: Vec<Said>,
    sections: &[MarkedSection],
    role: Role,
    problems: &mut Vec<Diagnostic>,
) -> HeaderDraft {
    let mut draft = HeaderDraft::default();
    if said.is_empty() {
        return draft;
    }
    let header_end = header_end(file, sections);
    for said in said {
        let in_header = said.line.start < header_end;
        match said.directive {
            Directive::Section(_) => {}
            Directive::Allow { rule, because } if !in_header => {
                let place = sections.iter().rfind(|section| section.body.start <= said.line.start);
                let place = place.map_or(AllowPlace::Migration, |section| AllowPlace::Statement {
                    section: section.kind,
                    byte: said.line.end.saturating_sub(section.body.start),
                });
                draft.header.allows.push(Allow { rule, because, place });
            }
            ref directive if !in_header => {
                let message = format!("`{}` belongs in the header", directive.word());
                let problem = Diagnostic::at(&*file.path, &file.text, said.line, message);
                problems.push(problem.help("move it above the first statement of the file"));
            }
            ref directive if !may_stand(directive, role) => {
                let message = format!("`{}` belongs in the header of the up file", directive.word());
                let problem = Diagnostic::at(&*file.path, &file.text, said.line, message);
                problems.push(
                    problem.help("move it to the top of the up file: it speaks for the whole migration"),
                );
            }
            _ => problems.extend(draft.take(said, file).err()),
        }
    }
    draft
}

/// Where the header ends: with the first statement, or with the second section.
fn header_end(file: &SourceFile, sections: &[MarkedSection]) -> usize {
    let second = sections.get(1).map_or(file.text.len(), |section| section.mark.start);
    Leading::of(&file.text).end.min(second)
}

/// Whether a directive may stand in the header of a file that is not the up section's.
fn may_stand(directive: &Directive, role: Role) -> bool {
    match role {
        Role::Whole | Role::Only(SectionKind::Up) => true,
        Role::Only(_) => {
            matches!(directive, Directive::Allow { .. } | Directive::Transaction(_) | Directive::Vars(_))
        }
    }
}

fn finish(file: &Arc<SourceFile>, section: MarkedSection, header: &Header, manner: Manner) -> Section {
    let off = [header.transaction, section.transaction, manner.transaction].contains(&Transaction::Off);
    let transaction = if off { Transaction::Off } else { Transaction::On };
    let replace = match (header.substitution, section.replace) {
        (Substitution::Vars, Replace::Nothing) => Replace::Vars,
        (_, Replace::Nothing) => manner.replace,
        (_, marked) => marked,
    };
    Section::new(file.clone(), section.kind, section.body, transaction, replace)
}
