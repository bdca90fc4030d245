//! dbmate: `-- migrate:up` and `-- migrate:down`, each with options on its line.

use super::MarkedSection;
use super::lines::{Line, lines};
use crate::header::Transaction;
use crate::scan::Leading;
use crate::{Diagnostic, SectionKind, SourceFile};

/// The sections dbmate's lines cut a file into.
pub(super) fn sections(file: &SourceFile) -> Result<Option<Vec<MarkedSection>>, Vec<Diagnostic>> {
    let text = &*file.text;
    let mut sections: Vec<MarkedSection> = Vec::new();
    let mut problems = Vec::new();
    for line in lines(text) {
        let Some((kind, options)) = directive(line.text) else { continue };
        match section(file, kind, options, &line, &sections) {
            Ok(section) => {
                if let Some(open) = sections.last_mut() {
                    open.body.end = line.range.start;
                }
                sections.push(section);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if sections.is_empty() && problems.is_empty() {
        if text.contains("-- upshift:") {
            return Ok(None);
        }
        let problem = Diagnostic::of_file(&*file.path, "no `-- migrate:up` in this file");
        problems
            .push(problem.help("begin it with a line `-- migrate:up`, as the other files of the folder do"));
    }
    if problems.is_empty() { Ok(Some(sections)) } else { Err(problems) }
}

/// The directive on a line: `--`, white space or none, `migrate:up`, and what follows white space.
pub(super) fn directive(line: &str) -> Option<(SectionKind, &str)> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
    let (kind, rest) = match rest.strip_prefix("up") {
        Some(rest) => (SectionKind::Up, rest),
        None => (SectionKind::Down, rest.strip_prefix("down")?),
    };
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| (kind, rest.trim()))
}

fn section(
    file: &SourceFile,
    kind: SectionKind,
    options: &str,
    line: &Line<'_>,
    before: &[MarkedSection],
) -> Result<MarkedSection, Diagnostic> {
    let wrong = |message: String| Diagnostic::at(&*file.path, &file.text, line.range.clone(), message);
    if before.iter().any(|section| section.kind == kind) {
        return Err(wrong(format!("`migrate:{kind}` stands twice")).help("join the two"));
    }
    if before.is_empty() {
        if kind == SectionKind::Down {
            return Err(wrong("`migrate:down` before `migrate:up`".to_owned()).help("write up first"));
        }
        let leading = Leading::of(&file.text).end;
        if leading < line.range.start {
            let problem =
                Diagnostic::at(&*file.path, &file.text, leading..line.range.start, "SQL before `migrate:up`");
            return Err(problem.help("move it below that line: dbmate refuses text that is in no section"));
        }
    }
    let mut section = MarkedSection::new(kind, line.range.clone(), line.next..file.text.len());
    for option in options.split_whitespace() {
        section.transaction = match option {
            "transaction:false" => Transaction::Off,
            "transaction:true" => Transaction::On,
            _ => {
                let problem = wrong(format!("unknown dbmate option `{option}`"));
                return Err(problem.help("dbmate knows `transaction:false` alone"));
            }
        };
    }
    Ok(section)
}
