//! What a person sees: lines, with colour on a terminal.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Where lines go, and how they look there.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    colour: Colour,
    indent: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    On,
    Off,
}

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Headings.
    Bold,
    /// What matters less.
    Dim,
    /// What went well.
    Good,
    /// What did not.
    Bad,
    /// What was asked.
    Asked,
}

impl Terminal {
    /// Standard output: coloured when a person watches and has not said `NO_COLOR` (<https://no-color.org>).
    #[must_use]
    pub fn stdout() -> Terminal {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = match io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb {
            true => Colour::On,
            false => Colour::Off,
        };
        Terminal { colour, indent: "" }
    }

    /// The same, with this before every line.
    #[must_use]
    pub fn indented(self, indent: &'static str) -> Terminal {
        Terminal { indent, ..self }
    }

    /// Writes lines. A reader who has gone (`demo | head`) is no error of ours.
    pub fn say(&self, text: impl fmt::Display) {
        let mut lines = String::new();
        for line in text.to_string().split('\n') {
            let indent = if line.is_empty() { "" } else { self.indent };
            lines.push_str(&format!("{indent}{line}\n"));
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush()).unwrap_or_default();
    }

    /// The text with a look.
    #[must_use]
    pub fn paint(&self, look: Look, text: impl fmt::Display) -> String {
        let code = match (self.colour, look) {
            (Colour::Off, _) => return text.to_string(),
            (Colour::On, Look::Bold) => "1",
            (Colour::On, Look::Dim) => "2",
            (Colour::On, Look::Good) => "32",
            (Colour::On, Look::Bad) => "1;31",
            (Colour::On, Look::Asked) => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// A duration as a person reads it.
#[must_use]
pub fn human(took: Duration) -> String {
    match took.as_millis() {
        0 => "< 1 ms".to_owned(),
        ms @ 1..1000 => format!("{ms} ms"),
        ms => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    }
}

/// The columns a terminal has at least, less what the demo indents by.
const COLUMNS: usize = 77;

/// The text with lines that a terminal of 80 columns would break in the middle of a word broken between words.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded: Vec<String> = Vec::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len() + 2;
        let mut rest = line.to_owned();
        while rest.chars().count() > COLUMNS {
            let limit = rest.char_indices().nth(COLUMNS).map_or(rest.len(), |(byte, _)| byte);
            let Some(space) = rest[..limit].rfind(' ').filter(|space| *space > indent) else { break };
            folded.push(rest[..space].to_owned());
            rest = format!("{:indent$}{}", "", &rest[space + 1..]);
        }
        folded.push(rest);
    }
    folded.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well_from_microseconds_to_seconds() {
        for (micros, expected) in [
            (40, "< 1 ms"),
            (1_240, "1 ms"),
            (999_400, "999 ms"),
            (1_000_000, "1.0 s"),
            (12_250_000, "12.2 s"),
        ] {
            assert_eq!(human(Duration::from_micros(micros)), expected);
        }
    }

    #[test]
    fn long_lines_break_between_words_and_keep_their_indent() {
        let long = format!("  {} two", "a".repeat(74));
        assert_eq!(fold(&long), format!("  {}\n    two", "a".repeat(74)));
        for kept in ["short\n  lines", &"unbreakable".repeat(20)] {
            assert_eq!(fold(kept), kept);
        }
    }

    #[test]
    fn without_colour_a_look_changes_nothing() {
        let plain = Terminal { colour: Colour::Off, indent: "" };
        let bright = Terminal { colour: Colour::On, indent: "" };
        assert_eq!(plain.paint(Look::Good, "✓"), "✓");
        assert_eq!(bright.paint(Look::Good, "✓"), "\x1b[32m✓\x1b[0m");
    }
}
