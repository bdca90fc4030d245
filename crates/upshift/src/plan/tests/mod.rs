//! Plans as pictures: what is applied, what is in the set, what is asked for, and what comes of it.
//!
//! A migration of the set is its version (`3`), or `R`, a name and a plus (`Rview+`), and marks behind it: `c` contract,
//! `b` backfill, `x` has a statement that PostgreSQL refuses in a transaction, `t` says `transaction off`, `i` irreversible,
//! `n` no down, `>2` requires 2. A row of the history is the same name and marks: `!` its up is another one, `~` its
//! down is another one, `0` its checksum is gone, `=` accepted by a baseline, `@2` its up stopped after two statements,
//! `^2` its down did, `s` the history keeps a down, `i` the history says that it is irreversible. Rows stand in the order
//! of their application. `*3` has the text of 3 in the set; `/a` behind either is its name, which is `t` otherwise.

mod down;
mod reach;
mod up;

use std::collections::BTreeMap;

use expect_test::Expect;
use upshift_files::{Checksum, LayoutChoice, MigrationId, MigrationSet, Phase, SourceFile, Vars, Version};

use super::down::DownRequest;
use super::up::UpRequest;
use super::{DownTarget, Plan, Target, Texts, Unplanned, Writer};
use crate::error::Error;
use crate::history::sql::Tables;
use crate::history::{Applied, AppliedState, History, Texts as Stored};
use crate::ident::Ident;
use crate::settings::{Grouping, Identity, Missing, OutOfOrder, Policy, Timeouts};

/// Reads a picture such as `applied: 1 3   set: 1 2 3   up: to 2   policy: accept-missing`, and plans.
fn check(picture: &str, expected: Expect) {
    let picture = Picture::read(picture);
    let found = match picture.plan() {
        Ok(plan) => plan.to_string(),
        Err(error) => format!("{}\n", error.render()),
    };
    expected.assert_eq(&found);
}

/// The parts of a picture, by their key words.
struct Picture {
    parts: BTreeMap<String, Vec<String>>,
}

impl Picture {
    fn read(text: &str) -> Picture {
        let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut key = String::new();
        for word in text.split_whitespace() {
            match word.strip_suffix(':') {
                Some(next) => {
                    assert!(
                        ["applied", "set", "up", "down", "policy"].contains(&next),
                        "no such part: {next}"
                    );
                    key = next.to_owned();
                    parts.entry(key.clone()).or_default();
                }
                None => parts.get_mut(&key).expect("a part before its words").push(word.to_owned()),
            }
        }
        Picture { parts }
    }

    fn words(&self, key: &str) -> &[String] {
        self.parts.get(key).map_or(&[], Vec::as_slice)
    }

    fn plan(&self) -> Result<Plan, Error> {
        let set = set(self.words("set"));
        let rows: Vec<Row> = self.words("applied").iter().map(|word| Row::read(word)).collect();
        let applied = rows.iter().enumerate().map(|(at, row)| row.applied(at as i64 + 1, &set));
        let history = History::of(applied);
        let says = |word: &str| self.words("policy").iter().any(|it| it == word);
        let grouping = if says("grouped") { Grouping::AllInOne } else { Grouping::Each };
        if self.parts.contains_key("down") {
            let stored = rows.iter().enumerate().map(|(at, row)| (at as i64 + 1, row.stored())).collect();
            let request = DownRequest {
                target: down_target(self.words("down")),
                grouping,
                vars: &Vars::new(),
                writer: writer(),
                stored: &stored,
                begun: &[],
            };
            return Plan::down(&set, &history, &request).map_err(unplanned);
        }
        let policy = Policy {
            out_of_order: if says("apply-out-of-order") { OutOfOrder::Apply } else { OutOfOrder::Refuse },
            missing: if says("accept-missing") { Missing::Accept } else { Missing::Refuse },
        };
        let target = up_target(self.words("up"));
        let request = UpRequest { target: &target, policy, grouping, vars: &Vars::new(), writer: writer() };
        Plan::up(&set, &history, &request).map_err(unplanned)
    }
}

fn writer() -> Writer {
    Writer {
        tables: Tables::new(Ident::upshift()),
        identity: Identity::default(),
        timeouts: Timeouts::default(),
    }
}

fn version(word: &str) -> Version {
    word.parse().unwrap()
}

fn up_target(words: &[String]) -> Target {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Target::Head,
        ["to", last] => Target::Version(version(last)),
        ["steps", count] => Target::Steps(count.parse().unwrap()),
        ["only", versions @ ..] => Target::Only(versions.iter().map(|it| version(it)).collect()),
        other => panic!("no such target: {other:?}"),
    }
}

fn down_target(words: &[String]) -> DownTarget {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["all"] => DownTarget::All,
        ["to", keep] => DownTarget::Version(version(keep)),
        ["steps", count] => DownTarget::Steps(count.parse().unwrap()),
        ["only", only] => DownTarget::Only(version(only)),
        other => panic!("no such target: {other:?}"),
    }
}

/// A word of a picture: which migration, and its marks.
fn cut(word: &str) -> (MigrationId, &str) {
    match word.strip_prefix('R') {
        Some(rest) => {
            let (name, marks) = rest.split_once('+').unwrap_or((rest, ""));
            (MigrationId::Repeatable(name.to_owned()), marks)
        }
        None => {
            let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
            (MigrationId::Version(version(&word[..end])), &word[end..])
        }
    }
}

fn set(words: &[String]) -> MigrationSet {
    let files = words.iter().map(|word| file(word)).collect();
    MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).unwrap_or_else(|found| panic!("{found}"))
}

fn file(word: &str) -> SourceFile {
    let (word, name) = word.split_once('/').unwrap_or((word, "t"));
    let (id, marks) = cut(word);
    let (marks, requires) = marks.split_once('>').unwrap_or((marks, ""));
    let (mut header, mut up) = (String::new(), format!("create table t{id} ();\n"));
    let mut down = format!("-- upshift: down\ndrop table t{id};\n");
    for mark in marks.chars() {
        match mark {
            'c' => header.push_str("-- upshift: phase contract\n"),
            'b' => header.push_str("-- upshift: phase backfill\n"),
            't' => header.push_str("-- upshift: transaction off\n"),
            'i' => {
                header.push_str("-- upshift: irreversible because the data is gone\n");
                down.clear();
            }
            'n' => down.clear(),
            'x' => up.push_str(&format!("create index concurrently on t{id} (a);\n")),
            other => panic!("no such mark: {other}"),
        }
    }
    if !requires.is_empty() {
        header.push_str(&format!("-- upshift: requires {requires}\n"));
    }
    match id {
        MigrationId::Version(version) => {
            SourceFile::new(format!("{version}_{name}.sql"), header + &up + &down)
        }
        MigrationId::Repeatable(name) => SourceFile::new(format!("R__{name}.sql"), header + &up),
    }
}

/// A row of the history, as a picture shows it.
struct Row {
    id: MigrationId,
    name: String,
    /// The version whose text it has in the set.
    text_of: Option<MigrationId>,
    state: AppliedState,
    up_is_other: bool,
    down_is_other: bool,
    stored_down: bool,
    irreversible: bool,
    unsettled: bool,
    phase: Phase,
}

impl Row {
    fn read(word: &str) -> Row {
        let (word, name) = word.split_once('/').unwrap_or((word, "t"));
        let (word, text_of) = word.split_once('*').map_or((word, None), |(word, of)| (word, Some(cut(of).0)));
        let (id, marks) = cut(word);
        let number =
            || marks.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number of statements");
        let state = match marks {
            _ if marks.contains('@') => AppliedState::UpFailed { done: number() },
            _ if marks.contains('^') => AppliedState::DownFailed { done: number() },
            _ if marks.contains('=') => AppliedState::Baseline,
            _ => AppliedState::Applied,
        };
        let name = match &id {
            MigrationId::Version(_) => name.to_owned(),
            MigrationId::Repeatable(name) => name.clone(),
        };
        Row {
            id,
            name,
            text_of,
            state,
            up_is_other: marks.contains('!'),
            down_is_other: marks.contains('~'),
            stored_down: marks.contains('s'),
            irreversible: marks.contains('i'),
            unsettled: marks.contains('0'),
            phase: if marks.contains('c') { Phase::Contract } else { Phase::Expand },
        }
    }

    fn applied(&self, ordinal: i64, set: &MigrationSet) -> Applied {
        let text_of = self.text_of.as_ref().unwrap_or(&self.id);
        let texts = set.iter().find(|migration| migration.id() == text_of).map(Texts::of);
        let other = Some(Checksum::of("another text"));
        let up = texts.as_ref().map_or(other, |texts| texts.up_checksum);
        let down = texts.map_or(other.filter(|_| self.stored_down), |texts| texts.down_checksum);
        Applied {
            ordinal,
            id: self.id.clone(),
            name: self.name.clone(),
            phase: self.phase,
            state: self.state,
            up_checksum: if self.up_is_other { other } else { up.filter(|_| !self.unsettled) },
            down_checksum: if self.down_is_other { other } else { down },
        }
    }

    fn stored(&self) -> Stored {
        Stored {
            down: self.stored_down.then(|| format!("drop table stored_{};", self.id)),
            irreversible: self.irreversible.then(|| "the history says so".to_owned()),
            ..Stored::default()
        }
    }
}

fn unplanned(why: Unplanned) -> Error {
    match why {
        Unplanned::Files(found) => Error::files(found),
        Unplanned::Refused(refusals) => Error::refused(refusals),
    }
}
