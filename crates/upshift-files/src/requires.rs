//! The `requires` of a file, rewritten where versions were given new numbers.

use std::borrow::Cow;
use std::ops::Range;

use crate::directive::Directive;
use crate::{SourceFile, Version, code, scan};

/// The text of a file with other versions where its header requires some. All else stays, byte for byte.
///
/// `renumbered` says the new number of a version; `None` leaves it as it is. A line that cannot be understood stays as well:
/// [`MigrationSet::parse`](crate::MigrationSet::parse) finds what is wrong with it.
///
/// ```
/// use upshift_files::{SourceFile, Version, with_requires};
/// let file = SourceFile::embedded("3_must.sql", "-- upshift: requires 1, 2\nselect 2;\n");
/// let text = with_requires(&file, |version| Version::new(4).filter(|_| version.number() == 2));
/// assert_eq!(text, "-- upshift: requires 1, 4\nselect 2;\n");
/// ```
pub fn with_requires(file: &SourceFile, renumbered: impl Fn(Version) -> Option<Version>) -> String {
    with_requires_as(file, |version, _| renumbered(version).map(|new| new.to_string()))
}

/// The same where `spelt` says how each version is written, which is told it as it stands there.
pub fn with_requires_as(file: &SourceFile, spelt: impl Fn(Version, &str) -> Option<String>) -> String {
    // Directives are looked for as a set does, which takes the mark of the byte order away.
    let (mark, text) = match file.text.strip_prefix('\u{feff}') {
        Some(text) => ("\u{feff}", text),
        None => ("", &*file.text),
    };
    let file = SourceFile { path: file.path.clone(), text: Cow::Owned(text.to_owned()) };
    let mut rewritten = mark.to_owned();
    let mut from = 0;
    for (version, place) in required(&file) {
        if let Some(new) = spelt(version, &text[place.clone()]) {
            rewritten.push_str(&text[from..place.start]);
            rewritten.push_str(&new);
            from = place.end;
        }
    }
    rewritten.push_str(&text[from..]);
    rewritten
}

/// Each version that is required, and where it is said.
fn required(file: &SourceFile) -> Vec<(Version, Range<usize>)> {
    let payloads: Vec<Range<usize>> = match file.path.ends_with(".rs") {
        true => code::directives(&file.text).collect(),
        false => scan::directives(file).0.into_iter().map(|line| line.payload).collect(),
    };
    let said = payloads.into_iter().filter_map(|payload| match Directive::parse(file, payload) {
        Ok(Directive::Requires(versions)) => Some(versions),
        _ => None,
    });
    said.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two is four, and three is five.
    fn check(path: &'static str, text: &'static str, expected: &str) {
        let new = |version: Version| match version.number() {
            2 => Version::new(4),
            3 => Version::new(5),
            _ => None,
        };
        assert_eq!(with_requires(&SourceFile::embedded(path, text), new), expected, "{text}");
    }

    #[test]
    fn the_versions_of_the_header_are_others_and_nothing_else_is() {
        check(
            "6_a.sql",
            "-- upshift: phase contract\r\n-- upshift: requires 1, 2,0003 12\r\n-- requires 2\r\nselect '-- upshift: requires 2';\r\n\t",
            "-- upshift: phase contract\r\n-- upshift: requires 1, 4,5 12\r\n-- requires 2\r\nselect '-- upshift: requires 2';\r\n\t",
        );
        check(
            "6_a.sql",
            "\u{feff}-- upshift: requires 2\nselect 2;",
            "\u{feff}-- upshift: requires 4\nselect 2;",
        );
        check("6_a.sql", "select $$\n-- upshift: requires 2\n$$;", "select $$\n-- upshift: requires 2\n$$;");
        check("6_a.sql", "select 2, 'not closed", "select 2, 'not closed");
        check("6_a.sql", "-- upshift: requires 2 two\nselect 2;", "-- upshift: requires 2 two\nselect 2;");
        check("6_a.sql", "", "");
        let code = "// upshift: requires 3\n//! 3\npub async fn up() {}\n";
        check("6_a.rs", code, "// upshift: requires 5\n//! 3\npub async fn up() {}\n");
    }
}
