//! Versions as the names of files spell them: with zeros in front, or of several numbers as Flyway's are.

use std::cmp::Ordering;

use upshift::files::Layout;

/// A version as a name spells it: `0007`, `1.2`, `2026-05-14-093000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spelling(String);

impl Spelling {
    /// The version in front of the name of a migration's file or folder.
    pub(super) fn of(path: &str, layout: Layout) -> Option<Spelling> {
        let text = match layout {
            Layout::Flyway => {
                let script = path.rsplit('/').next()?;
                script.strip_prefix(['V', 'U'])?.split_once("__")?.0.to_owned()
            }
            _ => {
                let name = path.split('/').next()?.trim_start_matches(['V', 'U']);
                name.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect()
            }
        };
        Spelling::read(&text)
    }

    /// What somebody said.
    pub(super) fn read(text: &str) -> Option<Spelling> {
        let is_number =
            |part: &str| !part.is_empty() && part.len() <= 18 && part.bytes().all(|b| b.is_ascii_digit());
        let joined = text.replace('-', "");
        joined.split(['.', '_']).all(is_number).then(|| Spelling(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is several numbers.
    pub(super) fn has_parts(&self) -> bool {
        self.0.contains(['.', '_'])
    }

    /// The next one of several numbers: the last of them counts, as wide as it is.
    pub(super) fn next(&self) -> Spelling {
        let (front, last) = match self.0.rfind(['.', '_']) {
            Some(at) => self.0.split_at(at + 1),
            None => ("", self.0.as_str()),
        };
        let number: u64 = last.parse().unwrap_or_default();
        Spelling(format!("{front}{}", padded(number + 1, last)))
    }

    /// A number, with zeros in front where this one has some.
    pub(super) fn like(&self, number: u64) -> String {
        padded(number, &self.0)
    }

    /// 1.0 and 1 are the same.
    fn numbers(&self) -> Vec<u64> {
        let joined = self.0.replace('-', "");
        let mut numbers: Vec<u64> =
            joined.split(['.', '_']).map(|part| part.parse().unwrap_or_default()).collect();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        numbers
    }
}

fn padded(number: u64, like: &str) -> String {
    let width = if like.starts_with('0') { like.len() } else { 0 };
    format!("{number:0width$}")
}

impl Ord for Spelling {
    fn cmp(&self, other: &Spelling) -> Ordering {
        self.numbers().cmp(&other.numbers()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Spelling {
    fn partial_cmp(&self, other: &Spelling) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_counted_on_as_it_is_spelt() {
        for (text, next) in [
            ("1.2", "1.3"),
            ("1_9", "1_10"),
            ("2.09", "2.10"),
            ("1.0.0", "1.0.1"),
            ("3.099", "3.100"),
            ("0007", "0008"),
        ] {
            assert_eq!(Spelling::read(text).map(|it| it.next().0).as_deref(), Some(next), "{text}");
        }
        let like = |text: &str| Spelling::read(text).map(|it| it.like(8));
        assert_eq!((like("007"), like("7")), (Some("008".to_owned()), Some("8".to_owned())));
    }

    #[test]
    fn the_highest_is_found_by_its_numbers() {
        let paths = ["V1.2__a.sql", "sub/V1.10__b.sql", "V1.9__c.sql", "R__d.sql", "U1.10__b.sql"];
        let highest = paths.iter().filter_map(|path| Spelling::of(path, Layout::Flyway)).max();
        assert_eq!(highest, Spelling::read("1.10"));
        for text in ["", "1.", ".1", "a", "1..2"] {
            assert_eq!(Spelling::read(text), None, "{text}");
        }
    }
}
