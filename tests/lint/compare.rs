//! The model beside the server: what is right, what is wrong, and what is not modelled.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::predict::{Case, Data, Deed, Prediction};

/// How a prediction compares with what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Right,
    Wrong {
        said: String,
        did: String,
    },
    /// The model says more than happened this time: rows and statistics decided which partition and which plan.
    More {
        said: String,
        did: String,
    },
    NotModelled(String),
}

/// Words of refusals that come from the rows there are, which no text of a migration tells.
const FROM_ROWS: [&str; 6] = [
    "contains null values",
    "violates foreign key constraint",
    "is violated by some row",
    "does not match type",
    "could not create unique index",
    "could not create exclusion constraint",
];

/// Words of refusals that come from what else is installed on the server.
const FROM_SERVER: [&str; 2] = ["no security label providers", "server \"y\" does not exist"];

/// Compares; tables in `small` have too few rows for a scan to show.
pub fn compare(said: &Prediction, did: &Deed, small: &BTreeSet<String>) -> Verdict {
    let looks_at_rows =
        matches!(&said.deed, Deed::Done { scans, rewrites, .. } if !scans.is_empty() || !rewrites.is_empty());
    let deed = match said.deed.clone() {
        Deed::Done { locks, rewrites, scans } => {
            Deed::Done { locks, rewrites, scans: scans.difference(small).cloned().collect() }
        }
        other => other,
    };
    let both = (deed.to_string(), did.to_string());
    match (&deed, did) {
        // The server's grammar does not know it, and neither does the reader.
        (Deed::Unknown(why), Deed::Refused(words))
            if why.starts_with("lint does not know this statement") && words.contains("syntax error") =>
        {
            Verdict::Right
        }
        (Deed::Unknown(why), _) => Verdict::NotModelled(why.clone()),
        (Deed::Refused(_), Deed::Refused(_)) => Verdict::Right,
        // The rows decide, and the model says that they are looked at.
        (Deed::Done { .. }, Deed::Refused(words)) if has(words, &FROM_ROWS) && looks_at_rows => {
            Verdict::Right
        }
        (Deed::Done { .. }, Deed::Refused(words)) if has(words, &FROM_SERVER) => {
            Verdict::NotModelled(format!("the server's own matter: {words}"))
        }
        _ if deed == *did => Verdict::Right,
        _ if said_more(said, &deed, did) => Verdict::More { said: both.0, did: both.1 },
        _ => Verdict::Wrong { said: both.0, did: both.1 },
    }
}

/// Whether all that happened was said, and what was said beside it are partitions that no row went to, or a table that a
/// query read through an index.
fn said_more(said: &Prediction, deed: &Deed, did: &Deed) -> bool {
    let (
        Deed::Done { locks, rewrites, scans },
        Deed::Done { locks: real_locks, rewrites: real_rewrites, scans: real_scans },
    ) = (deed, did)
    else {
        return false;
    };
    let on_partitions = locks.iter().all(|(name, mode)| match real_locks.get(name) {
        Some(real) => real == mode,
        None => said.data == Data::Touched && said.partitions.contains(name),
    });
    on_partitions
        && real_locks.keys().all(|name| locks.contains_key(name))
        && rewrites == real_rewrites
        && scans.is_superset(real_scans)
        && (scans == real_scans || said.data == Data::Touched)
}

fn has(words: &str, any: &[&str]) -> bool {
    any.iter().any(|one| words.contains(one))
}

/// All verdicts, counted; what is not right by name, versions of one case together.
#[derive(Default)]
pub struct Tally {
    right: usize,
    wrong: usize,
    more: usize,
    not_modelled: usize,
    others: Vec<(String, Vec<u16>)>,
}

impl Tally {
    pub fn add(&mut self, case: &Case, major: u16, verdict: Verdict) {
        let (count, line) = match verdict {
            Verdict::Right => {
                self.right += 1;
                return;
            }
            Verdict::Wrong { said, did } => {
                (&mut self.wrong, format!("WRONG {}\n    said {said}\n    did  {did}", case.text))
            }
            Verdict::More { said, did } => (
                &mut self.more,
                format!("more than happened: {}\n    said {said}\n    did  {did}", case.text),
            ),
            Verdict::NotModelled(why) => {
                (&mut self.not_modelled, format!("not modelled: {}\n    {why}", case.text))
            }
        };
        *count += 1;
        match self.others.iter_mut().find(|(other, _)| *other == line) {
            Some((_, majors)) => majors.push(major),
            None => self.others.push((line, vec![major])),
        }
    }

    pub fn wrong(&self) -> usize {
        self.wrong
    }

    /// The cases that begin with these words, by name.
    pub fn named(&self, what: &str) -> String {
        let lines = self.others.iter().filter_map(|(line, _)| line.strip_prefix(what)?.lines().next());
        lines.map(|line| format!("{line}\n")).collect()
    }

    pub fn report(&self) -> String {
        let Tally { right, wrong, more, not_modelled, .. } = self;
        let cases = right + wrong + more + not_modelled;
        let mut text = format!(
            "{cases} cases: {right} right, {wrong} wrong, {more} more than happened, {not_modelled} not modelled\n"
        );
        for (line, majors) in &self.others {
            let (first, rest) = line.split_once('\n').unwrap();
            let majors = match majors.as_slice() {
                [only] => only.to_string(),
                [first, .., last] if usize::from(last - first) + 1 == majors.len() => {
                    format!("{first}-{last}")
                }
                _ => majors.iter().map(u16::to_string).collect::<Vec<_>>().join(","),
            };
            writeln!(text, "{first} [{majors}]\n{rest}").unwrap();
        }
        text
    }
}
