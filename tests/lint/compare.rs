//! The model beside the server: what is right, what is wrong, and what is not modelled.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::predict::{Case, Deed};

/// How a prediction compares with what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Right,
    Wrong { case: String, major: u16, said: String, did: String },
    NotModelled { case: String, major: u16, why: String },
}

/// Words of refusals that come from the rows there are, which no text of a migration tells.
const FROM_ROWS: [&str; 2] = ["contains null values", "violates foreign key constraint"];

/// Words of refusals that come from what else is installed on the server.
const FROM_SERVER: [&str; 2] = ["no security label providers", "server \"y\" does not exist"];

/// Compares; tables in `small` have too few rows for a scan to show.
pub fn compare(case: &Case, major: u16, said: Deed, did: &Deed, small: &BTreeSet<String>) -> Verdict {
    let wrong = |said: &Deed| Verdict::Wrong {
        case: case.text.clone(),
        major,
        said: said.to_string(),
        did: did.to_string(),
    };
    let said = match said {
        Deed::Done { locks, rewrites, scans } => {
            Deed::Done { locks, rewrites, scans: scans.difference(small).cloned().collect() }
        }
        other => other,
    };
    match (&said, did) {
        // The server's grammar does not know it, and neither does the reader.
        (Deed::Unknown(why), Deed::Refused(words))
            if why.starts_with("lint does not know this statement") && words.contains("syntax error") =>
        {
            Verdict::Right
        }
        (Deed::Unknown(why), _) => Verdict::NotModelled { case: case.text.clone(), major, why: why.clone() },
        (Deed::Refused(_), Deed::Refused(_)) => Verdict::Right,
        // The rows decide, and the model says that they are looked at.
        (Deed::Done { scans, .. }, Deed::Refused(words)) if has(words, &FROM_ROWS) && !scans.is_empty() => {
            Verdict::Right
        }
        (Deed::Done { .. }, Deed::Refused(words)) if has(words, &FROM_SERVER) => Verdict::NotModelled {
            case: case.text.clone(),
            major,
            why: format!("the server's own matter: {words}"),
        },
        _ if said == *did => Verdict::Right,
        _ => wrong(&said),
    }
}

fn has(words: &str, any: &[&str]) -> bool {
    any.iter().any(|one| words.contains(one))
}

/// All verdicts, counted; what is not right by name, versions of one case together.
#[derive(Default)]
pub struct Tally {
    cases: usize,
    right: usize,
    others: Vec<(String, Vec<u16>)>,
    wrong: usize,
    not_modelled: usize,
}

impl Tally {
    pub fn add(&mut self, verdict: Verdict) {
        self.cases += 1;
        let (line, major) = match verdict {
            Verdict::Right => {
                self.right += 1;
                return;
            }
            Verdict::Wrong { case, major, said, did } => {
                self.wrong += 1;
                (format!("WRONG {case}\n    said {said}\n    did  {did}"), major)
            }
            Verdict::NotModelled { case, major, why } => {
                self.not_modelled += 1;
                (format!("not modelled: {case}\n    {why}"), major)
            }
        };
        match self.others.iter_mut().find(|(other, _)| *other == line) {
            Some((_, majors)) => majors.push(major),
            None => self.others.push((line, vec![major])),
        }
    }

    pub fn wrong(&self) -> usize {
        self.wrong
    }

    pub fn report(&self) -> String {
        let Tally { cases, right, wrong, not_modelled, .. } = self;
        let mut text = format!("{cases} cases: {right} right, {wrong} wrong, {not_modelled} not modelled\n");
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
