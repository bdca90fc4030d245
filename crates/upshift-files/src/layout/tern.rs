//! tern: `---- create above / drop below ----` between up and down.

use super::MarkedSection;
use super::lines::lines;
use crate::header::Transaction;
use crate::{Diagnostic, SectionKind, SourceFile};

pub(super) const MIDDLE: &str = "---- create above / drop below ----";
const DISABLE: &str = "---- tern: disable-tx ----";

/// The sections tern's line cuts a file into; without the line all of it is up.
pub(super) fn sections(file: &SourceFile) -> Result<Option<Vec<MarkedSection>>, Vec<Diagnostic>> {
    let text = &*file.text;
    if let Some(at) = text.find("{{") {
        let problem =
            Diagnostic::at(&*file.path, text, at..at + 2, "a tern template, which upshift does not run");
        return Err(vec![problem.help("write the SQL it stands for: `tern print-migrations` shows it")]);
    }
    let off = lines(text).any(|line| line.text == DISABLE);
    let transaction = if off { Transaction::Off } else { Transaction::On };
    let mut sections = match text.find(MIDDLE) {
        Some(at) => {
            let below = text[at..].find('\n').map_or(text.len(), |length| at + length + 1);
            vec![
                MarkedSection::new(SectionKind::Up, 0..0, 0..at),
                MarkedSection::new(SectionKind::Down, at..below, below..text.len()),
            ]
        }
        None if text.contains("-- upshift:") => return Ok(None),
        None => vec![MarkedSection::new(SectionKind::Up, 0..0, 0..text.len())],
    };
    sections.iter_mut().for_each(|section| section.transaction = transaction);
    Ok(Some(sections))
}
