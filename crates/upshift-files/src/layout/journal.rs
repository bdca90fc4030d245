//! drizzle's `meta/_journal.json`: as much of JSON as is needed to read it, with places.

use std::ops::Range;

use crate::{Diagnostic, SourceFile};

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Milliseconds since 1970, when it was generated.
    pub when: u64,
    /// The file's name without its ending.
    pub tag: String,
    /// Where the entry stands in the journal.
    pub place: Range<usize>,
}

/// The entries of a journal, in their order.
pub(super) fn read(file: &SourceFile) -> Result<Vec<Entry>, Diagnostic> {
    let mut json = Json { file, at: 0 };
    let mut entries = Vec::new();
    json.object(|json, key| match key.as_str() {
        "entries" => json.array(|json| {
            entries.push(entry(json)?);
            Ok(())
        }),
        _ => json.skip(0),
    })?;
    Ok(entries)
}

fn entry(json: &mut Json<'_>) -> Result<Entry, Diagnostic> {
    let start = json.next_at();
    let (mut when, mut tag) = (None, None);
    json.object(|json, key| {
        match key.as_str() {
            "when" => when = Some(json.number()?),
            "tag" => tag = Some(json.string()?),
            _ => json.skip(0)?,
        }
        Ok(())
    })?;
    let place = start..json.at;
    match (when, tag) {
        (Some(when), Some(tag)) => Ok(Entry { when, tag, place }),
        _ => Err(json.wrong(place, "a journal entry has `when` and `tag`")),
    }
}

struct Json<'f> {
    file: &'f SourceFile,
    at: usize,
}

/// Deeper than this no journal is nested: a guard against a file made to exhaust the stack.
const DEEPEST: usize = 32;

impl Json<'_> {
    fn wrong(&self, at: Range<usize>, message: &str) -> Diagnostic {
        let problem = Diagnostic::at(&*self.file.path, &self.file.text, at, message);
        problem.help("the journal is drizzle-kit's: restore it from version control, or generate it again")
    }

    fn expected(&self, what: &str) -> Diagnostic {
        self.wrong(self.at..self.at + 1, &format!("expected {what} here"))
    }

    fn rest(&self) -> &str {
        self.file.text.get(self.at..).unwrap_or("")
    }

    fn next_at(&mut self) -> usize {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.at
    }

    /// Takes the character when it comes next.
    fn takes(&mut self, c: char) -> Option<()> {
        self.next_at();
        self.rest().starts_with(c).then(|| self.at += 1)
    }

    fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, String) -> Result<(), Diagnostic>,
    ) -> Result<(), Diagnostic> {
        self.takes('{').ok_or_else(|| self.expected("`{`"))?;
        if self.takes('}').is_some() {
            return Ok(());
        }
        loop {
            let key = self.string()?;
            self.takes(':').ok_or_else(|| self.expected("`:`"))?;
            member(self, key)?;
            if self.takes(',').is_none() {
                return self.takes('}').ok_or_else(|| self.expected("`,` or `}`"));
            }
        }
    }

    fn array(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Diagnostic>) -> Result<(), Diagnostic> {
        self.takes('[').ok_or_else(|| self.expected("`[`"))?;
        if self.takes(']').is_some() {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.takes(',').is_none() {
                return self.takes(']').ok_or_else(|| self.expected("`,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Diagnostic> {
        self.takes('"').ok_or_else(|| self.expected("a string"))?;
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Ok(text);
                }
                // Tags are file names: an escaped letter in one is kept as it stands, and then names no file.
                '\\' => text.extend(chars.next().map(|(_, c)| c)),
                c => text.push(c),
            }
        }
        Err(self.expected("the end of a string"))
    }

    fn number(&mut self) -> Result<u64, Diagnostic> {
        self.next_at();
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest()[..digits].parse().map_err(|_| self.expected("a whole number"))?;
        self.at += digits;
        Ok(number)
    }

    fn skip(&mut self, depth: usize) -> Result<(), Diagnostic> {
        if depth > DEEPEST {
            return Err(self.expected("less nesting"));
        }
        self.next_at();
        match self.rest().chars().next() {
            Some('{') => self.object(|json, _| json.skip(depth + 1)),
            Some('[') => self.array(|json| json.skip(depth + 1)),
            Some('"') => self.string().map(drop),
            Some(c) if c.is_ascii_alphanumeric() || c == '-' => {
                let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
                self.at += self.rest().find(|c| !word(c)).unwrap_or(self.rest().len());
                Ok(())
            }
            _ => Err(self.expected("a value")),
        }
    }
}
