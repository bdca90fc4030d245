//! One directive: what stands after `-- upshift:` on its line, understood.

use std::ops::Range;
use std::time::Duration;

use crate::header::{BackfillHeader, Phase, Substitution, Transaction};
use crate::{Diagnostic, SectionKind, SourceFile, Version, parse_duration, word};

/// Every word a directive may begin with.
pub(crate) const WORDS: [&str; 15] = [
    "up",
    "down",
    "verify",
    "guard",
    "phase",
    "backfill",
    "transaction",
    "lock-timeout",
    "statement-timeout",
    "requires",
    "after",
    "switch",
    "irreversible",
    "allow",
    "vars",
];

/// A directive, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Directive {
    Section(SectionKind),
    Phase(Phase),
    Backfill(BackfillHeader),
    Transaction(Transaction),
    LockTimeout(Duration),
    StatementTimeout(Duration),
    Requires(Vec<(Version, Range<usize>)>),
    After(Duration),
    Switch(String),
    Irreversible { because: String },
    Allow { rule: String, because: String },
    Vars(Substitution),
}

/// A directive and the line of the file it stands on, without the line's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub directive: Directive,
    pub line: Range<usize>,
}

impl Directive {
    /// The word it begins with.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Directive::Section(kind) => kind.word(),
            Directive::Phase(_) => "phase",
            Directive::Backfill(_) => "backfill",
            Directive::Transaction(_) => "transaction",
            Directive::LockTimeout(_) => "lock-timeout",
            Directive::StatementTimeout(_) => "statement-timeout",
            Directive::Requires(_) => "requires",
            Directive::After(_) => "after",
            Directive::Switch(_) => "switch",
            Directive::Irreversible { .. } => "irreversible",
            Directive::Allow { .. } => "allow",
            Directive::Vars(_) => "vars",
        }
    }

    /// Whether a header may say it more than once.
    pub(crate) fn may_be_repeated(&self) -> bool {
        matches!(self, Directive::Requires(_) | Directive::Allow { .. } | Directive::Section(_))
    }

    /// Understands the bytes `payload` of the file: what follows the colon.
    pub(crate) fn parse(file: &SourceFile, payload: Range<usize>) -> Result<Directive, Diagnostic> {
        let mut words = Words { file, rest: payload };
        let Some(at) = words.next() else {
            return Err(words
                .wrong_here("a directive is missing here")
                .help(format!("valid here: {}", word::list(&WORDS))));
        };
        match words.text(&at) {
            "up" => words.section(SectionKind::Up),
            "down" => words.section(SectionKind::Down),
            "verify" => words.section(SectionKind::Verify),
            "guard" => words.section(SectionKind::Guard),
            "phase" => {
                let phases =
                    [("expand", Phase::Expand), ("backfill", Phase::Backfill), ("contract", Phase::Contract)];
                words.one_of(&phases).map(Directive::Phase)
            }
            "backfill" => words.backfill().map(Directive::Backfill),
            "transaction" => words
                .one_of(&[("off", Transaction::Off), ("on", Transaction::On)])
                .map(Directive::Transaction),
            "lock-timeout" => words.only_duration().map(Directive::LockTimeout),
            "statement-timeout" => words.only_duration().map(Directive::StatementTimeout),
            "requires" => words.versions().map(Directive::Requires),
            "after" => words.only_duration().map(Directive::After),
            "switch" => words.only_name().map(Directive::Switch),
            "irreversible" => {
                words.reason("irreversible because …").map(|because| Directive::Irreversible { because })
            }
            "allow" => words.allow(),
            "vars" => {
                words.one_of(&[("on", Substitution::Vars), ("off", Substitution::Off)]).map(Directive::Vars)
            }
            unknown => {
                let message = format!("unknown directive `{unknown}`");
                Err(words.wrong(at.clone(), message).help(word::did_you_mean(unknown, &WORDS)))
            }
        }
    }
}

/// The words of one directive, taken from the left.
struct Words<'f> {
    file: &'f SourceFile,
    rest: Range<usize>,
}

impl<'f> Words<'f> {
    fn text(&self, range: &Range<usize>) -> &'f str {
        self.file.text.get(range.clone()).unwrap_or("")
    }

    fn wrong(&self, at: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&*self.file.path, &self.file.text, at, message)
    }

    /// A mistake at what comes next: something missing, or something too much.
    fn wrong_here(&self, message: impl Into<String>) -> Diagnostic {
        self.wrong(self.trimmed(), message)
    }

    fn trimmed(&self) -> Range<usize> {
        let text = self.text(&self.rest);
        let start = self.rest.start + (text.len() - text.trim_start().len());
        start..start.max(self.rest.start + text.trim_end().len())
    }

    /// The next word: up to white space, where double quotes keep theirs.
    fn next(&mut self) -> Option<Range<usize>> {
        let whole = self.trimmed();
        let mut quoted = Quoted::Outside;
        let end = self.text(&whole).char_indices().find_map(|(at, c)| match (c, &quoted) {
            ('"', Quoted::Outside) => {
                quoted = Quoted::Inside;
                None
            }
            ('"', Quoted::Inside) => {
                quoted = Quoted::Outside;
                None
            }
            (c, Quoted::Outside) if c.is_whitespace() => Some(at),
            _ => None,
        });
        let end = end.map_or(whole.end, |at| whole.start + at);
        self.rest.start = end;
        (whole.start < end).then_some(whole.start..end)
    }

    fn end<T>(&self, value: T) -> Result<T, Diagnostic> {
        let rest = self.trimmed();
        if rest.is_empty() {
            return Ok(value);
        }
        let message = format!("`{}` is too much here", self.text(&rest));
        Err(self
            .wrong(rest, message)
            .help("a directive ends with its line, and takes no comment: delete this"))
    }

    fn section(&self, kind: SectionKind) -> Result<Directive, Diagnostic> {
        self.end(Directive::Section(kind))
    }

    fn one_of<T: Copy>(&mut self, valid: &[(&str, T)]) -> Result<T, Diagnostic> {
        let names: Vec<&str> = valid.iter().map(|(name, _)| *name).collect();
        let Some(at) = self.next() else {
            return Err(self
                .wrong_here("a value is missing here")
                .help(format!("valid here: {}", word::list(&names))));
        };
        let text = self.text(&at);
        match valid.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => self.end(*value),
            None => {
                let message = format!("unknown value `{text}`");
                Err(self.wrong(at, message).help(word::did_you_mean(text, &names)))
            }
        }
    }

    fn only_duration(&mut self) -> Result<Duration, Diagnostic> {
        let Some(at) = self.next() else {
            return Err(self
                .wrong_here("a duration is missing here")
                .help("write it as in `500ms`, `2s`, `5m`, `24h`, `7d`"));
        };
        let value = self.duration(at)?;
        self.end(value)
    }

    fn only_name(&mut self) -> Result<String, Diagnostic> {
        let Some(at) = self.next() else {
            return Err(self.wrong_here("a name is missing here").help("write `switch orders.status_id`"));
        };
        let name = self.identifier(at)?;
        self.end(name)
    }

    fn duration(&self, at: Range<usize>) -> Result<Duration, Diagnostic> {
        parse_duration(self.text(&at)).map_err(|error| {
            let message = error.to_string();
            match message.split_once(": ") {
                Some((what, now)) => self.wrong(at, what).help(now),
                None => self.wrong(at, message),
            }
        })
    }

    fn versions(&mut self) -> Result<Vec<(Version, Range<usize>)>, Diagnostic> {
        let mut versions = Vec::new();
        while let Some(at) = self.next() {
            let mut start = at.start;
            for text in self.text(&at).split(',') {
                let place = start..start + text.len();
                start = place.end + 1;
                if text.is_empty() {
                    continue;
                }
                let version = text.parse().map_err(|error| {
                    self.wrong(place.clone(), format!("`{text}` is no version: {error}"))
                        .help("name versions of this folder: `requires 20260514093000, 20260514100000`")
                })?;
                versions.push((version, place));
            }
        }
        if versions.is_empty() {
            return Err(self.wrong_here("a version is missing here").help("write `requires 20260514093000`"));
        }
        Ok(versions)
    }

    fn allow(&mut self) -> Result<Directive, Diagnostic> {
        const FORM: &str = "allow RULE because …";
        let Some(at) = self.next() else {
            return Err(self
                .wrong_here("the name of a rule is missing here")
                .help(format!("write `{FORM}`")));
        };
        let rule = self.text(&at).to_owned();
        if rule == "because" {
            return Err(self.wrong(at, "the name of a rule is missing here").help(format!("write `{FORM}`")));
        }
        let because = self.reason(FORM)?;
        Ok(Directive::Allow { rule, because })
    }

    /// `because` and the words after it.
    fn reason(&mut self, form: &str) -> Result<String, Diagnostic> {
        let missing = |words: &Self, at| {
            words
                .wrong(at, "a reason is missing here")
                .help(format!("write `{form}`: people will read it later"))
        };
        let here = self.trimmed();
        match self.next() {
            Some(at) if self.text(&at) == "because" => {
                let reason = self.trimmed();
                match self.text(&reason) {
                    "" => Err(missing(self, reason)),
                    text => Ok(text.to_owned()),
                }
            }
            _ => Err(missing(self, here)),
        }
    }

    fn backfill(&mut self) -> Result<BackfillHeader, Diagnostic> {
        const KEYS: [&str; 5] = ["table", "key", "batch", "max-batch", "pause"];
        let here = self.trimmed();
        let mut header =
            BackfillHeader { table: String::new(), key: None, batch: None, max_batch: None, pause: None };
        while let Some(at) = self.next() {
            let text = self.text(&at);
            let (key, value) = text.split_once('=').unwrap_or((text, ""));
            let place = at.start + (text.len() - value.len())..at.end;
            if !KEYS.contains(&key) {
                let problem = self.wrong(at.start..at.start + key.len(), format!("unknown setting `{key}`"));
                return Err(problem.help(word::did_you_mean(key, &KEYS)));
            }
            if value.is_empty() {
                let problem = self.wrong(at, format!("`{key}` has no value"));
                return Err(problem.help(format!("write `{key}=…`, without spaces around `=`")));
            }
            match key {
                "table" => header.table = self.identifier(place)?,
                "key" => header.key = Some(self.identifier(place)?),
                "batch" => header.batch = Some(self.count(place)?),
                "max-batch" => header.max_batch = Some(self.count(place)?),
                _ => header.pause = Some(self.duration(place)?),
            }
        }
        if header.table.is_empty() {
            let problem = self.wrong(here, "`backfill` names no table");
            return Err(problem.help("write `backfill table=orders`, the table whose rows the batches are"));
        }
        Ok(header)
    }

    fn identifier(&self, at: Range<usize>) -> Result<String, Diagnostic> {
        let text = self.text(&at);
        if is_qualified_name(text) {
            return Ok(text.to_owned());
        }
        let problem = self.wrong(at, format!("`{text}` is no name"));
        Err(problem.help("write it as in SQL: `orders`, `shop.orders`, `\"Order Items\"`"))
    }

    fn count(&self, at: Range<usize>) -> Result<u64, Diagnostic> {
        let text = self.text(&at);
        match text.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => {
                let problem = self.wrong(at, format!("`{text}` is no number of rows"));
                Err(problem.help("write a whole number from 1 on, as in `batch=1000`"))
            }
        }
    }
}

enum Quoted {
    Inside,
    Outside,
}

/// Where the quote stands that ends a name; a doubled one is part of it.
fn end_of_quoted(name: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let end = from + name.get(from..)?.find('"')?;
        match name[end + 1..].starts_with('"') {
            true => from = end + 2,
            false => return Some(end),
        }
    }
}

/// `a`, `a.b`, `"A b".c`: names as SQL writes them, quoted or not, joined by dots.
fn is_qualified_name(text: &str) -> bool {
    let mut rest = text;
    loop {
        let after = match rest.strip_prefix('"') {
            Some(quoted) => match end_of_quoted(quoted) {
                Some(end) if end > 0 => &quoted[end + 1..],
                _ => return false,
            },
            None => {
                let end =
                    rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
                if end == 0 || rest.starts_with(|c: char| c.is_ascii_digit() || c == '$') {
                    return false;
                }
                &rest[end..]
            }
        };
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None => return after.is_empty(),
        }
    }
}
