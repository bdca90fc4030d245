//! node-pg-migrate, its SQL files: `-- Up Migration`, `-- Down Migration`.

use super::MarkedSection;
use super::lines::lines;
use crate::{SectionKind, SourceFile};

/// The sections its lines cut a file into; `None` when it has none, and all of it is up.
pub(super) fn sections(file: &SourceFile) -> Option<Vec<MarkedSection>> {
    let text = &*file.text;
    let mut sections: Vec<MarkedSection> = Vec::new();
    for line in lines(text) {
        let Some(kind) = mark(line.text) else { continue };
        // As the tool: the first mark of each kind counts, a later one is a comment.
        if sections.iter().any(|section| section.kind == kind) {
            continue;
        }
        match sections.last_mut() {
            Some(open) => open.body.end = line.range.start,
            // Without an up mark everything above the down mark is up.
            None if kind == SectionKind::Down => {
                sections.push(MarkedSection::new(SectionKind::Up, 0..0, 0..line.range.start));
            }
            None => {}
        }
        sections.push(MarkedSection::new(kind, line.range, line.next..text.len()));
    }
    (!sections.is_empty()).then_some(sections)
}

/// Whether a line is a mark: `--`, dashes and spaces, `up`, spaces, `migration`; case does not count.
pub(super) fn mark(line: &str) -> Option<SectionKind> {
    let rest =
        line.trim_start().strip_prefix("--")?.trim_start_matches(|c: char| c == '-' || c.is_whitespace());
    let mut words = rest.split_whitespace().map(str::to_ascii_lowercase);
    let kind = match words.next()?.as_str() {
        "up" => SectionKind::Up,
        "down" => SectionKind::Down,
        _ => return None,
    };
    words.next()?.starts_with("migration").then_some(kind)
}
