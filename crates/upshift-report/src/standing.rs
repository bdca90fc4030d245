//! Where a deployment stands, in one sentence: the worst that is so, or else the next that is to come.

use std::time::Duration;

use upshift::{
    BackfillProgress, BackfillState, Health, RolloutState, RolloutStatus, State, Status, Verdict, human,
};

/// Where a deployment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How it is to be taken.
    pub tone: Tone,
    /// In one sentence, without its full stop.
    pub sentence: String,
}

/// How something is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is done.
    Done,
    /// Something goes on by itself.
    Moving,
    /// Something waits for somebody.
    Waiting,
    /// Something is wrong, and stays so until somebody does something.
    Wrong,
}

impl Tone {
    /// One word, which never changes.
    pub fn word(self) -> &'static str {
        match self {
            Tone::Done => "done",
            Tone::Moving => "moving",
            Tone::Waiting => "waiting",
            Tone::Wrong => "wrong",
        }
    }
}

impl Standing {
    /// Decides it. `failed` are the pending migrations whose last try failed, and why.
    pub fn of(
        health: &Health,
        status: &Status,
        rollout: &RolloutStatus,
        failed: &[(String, String)],
    ) -> Standing {
        Picture::of(health, status, rollout, failed).standing()
    }
}

/// What the sentence is made of.
#[derive(Debug, Clone, Default)]
struct Picture {
    /// Whatever keeps this binary from serving and is not mended by waiting.
    wrong: Option<String>,
    failed: Vec<(String, String)>,
    /// Who migrates, where something is pending.
    migrating: Option<String>,
    /// Expands and repeatables that are pending.
    pending: usize,
    backfills: Vec<Filling>,
    /// Backfills and contracts that have not begun, and what each contract waits for.
    later: Vec<(String, Vec<String>)>,
    newer: usize,
    applied: usize,
    /// Releases that are alive, and how many of each.
    alive: Vec<(String, usize)>,
}

#[derive(Debug, Clone)]
struct Filling {
    label: String,
    percent: u64,
    left: Option<Duration>,
    state: BackfillState,
}

impl Filling {
    fn of(it: &BackfillProgress) -> Filling {
        let all = it.estimate.max(it.rows).max(1);
        let percent = u128::from(it.rows) * 100 / u128::from(all);
        Filling {
            label: format!("{}_{}", it.version, it.name),
            percent: u64::try_from(percent).unwrap_or(100),
            left: it.left,
            state: it.state.clone(),
        }
    }
}

impl Picture {
    fn of(health: &Health, status: &Status, rollout: &RolloutStatus, failed: &[(String, String)]) -> Picture {
        let mut picture = Picture { failed: failed.to_vec(), ..Picture::default() };
        picture.wrong =
            status.refused.first().map(|why| format!("The history does not fit this binary: {why}"));
        match health {
            Health::Lacking { .. } | Health::Fenced { .. } => {
                picture.wrong = Some(capital(&health.to_string()))
            }
            Health::Migrating { by, .. } => picture.migrating = Some(by.to_string()),
            _ => {}
        }
        for it in &status.migrations {
            match &it.state {
                State::Failed(_) => {
                    let why = it.applied.as_ref().and_then(|row| row.error.clone());
                    picture.failed.push((it.label.clone(), why.unwrap_or_else(|| it.state.to_string())));
                }
                State::Pending | State::OutOfOrder => picture.pending += 1,
                State::Applied | State::Baseline => picture.applied += 1,
                State::Newer => picture.newer += 1,
                _ => {}
            }
        }
        for it in &rollout.migrations {
            match &it.state {
                RolloutState::Backfill(progress) => picture.backfills.push(Filling::of(progress)),
                RolloutState::Gate(Verdict::Closed(reasons)) => {
                    let reasons = reasons.iter().map(ToString::to_string).collect();
                    picture.later.push((it.label.clone(), reasons));
                }
                RolloutState::Pending | RolloutState::Gate(Verdict::Open) => {
                    picture.later.push((it.label.clone(), Vec::new()));
                }
                _ => {}
            }
        }
        for instance in
            rollout.instances.iter().filter(|it| it.left_at.is_none() && it.expires_at > rollout.at)
        {
            let release = instance.release.as_deref().unwrap_or("");
            let release = format!("{} {release}", instance.service).trim_end().to_owned();
            match picture.alive.iter_mut().find(|(name, _)| *name == release) {
                Some((_, count)) => *count += 1,
                None => picture.alive.push((release, 1)),
            }
        }
        picture
    }

    fn standing(&self) -> Standing {
        let (tone, sentence) = self.worst().or_else(|| self.next()).unwrap_or_else(|| self.done());
        Standing { tone, sentence }
    }

    /// What is wrong.
    fn worst(&self) -> Option<(Tone, String)> {
        let first = |(label, why): &(String, String)| {
            let why = why.lines().next().unwrap_or_default();
            // An error of the engine says itself which migration it is about.
            match why.strip_prefix("migration ").filter(|why| why.starts_with(label)) {
                Some(why) => why.to_owned(),
                None => format!("{label} failed: {why}"),
            }
        };
        let broken = self.backfills.iter().find_map(|it| match &it.state {
            BackfillState::Failed(why) => Some(format!("The backfill {} failed: {why}", it.label)),
            _ => None,
        });
        let sentence = self.wrong.clone().or_else(|| self.failed.first().map(first)).or(broken)?;
        Some((Tone::Wrong, sentence))
    }

    /// What is to come.
    fn next(&self) -> Option<(Tone, String)> {
        if let Some(by) = &self.migrating {
            let pending = are(self.pending, "migration");
            return Some((Tone::Moving, format!("Being migrated by {by}; {pending} pending")));
        }
        if self.pending > 0 {
            return Some((Tone::Waiting, format!("{} pending", are(self.pending, "migration"))));
        }
        if let Some(filling) = self.backfills.first() {
            return Some(filling.said());
        }
        let (label, reasons) = self.later.first()?;
        let more = match self.later.len() {
            1 => String::new(),
            count => format!("; {} behind it", are(count - 1, "more")),
        };
        let why = match reasons.as_slice() {
            [] => "is next".to_owned(),
            [one] => format!("waits: {one}"),
            [first, rest @ ..] => format!("waits: {first}, and {} more", count(rest.len(), "reason")),
        };
        Some((Tone::Waiting, format!("{label} {why}{more}")))
    }

    fn done(&self) -> (Tone, String) {
        let newer = match self.newer {
            0 => String::new(),
            newer => format!("{} of a newer release", count(newer, "migration")),
        };
        let mut sentence = match (self.applied, newer.is_empty()) {
            (0, true) => "Nothing is applied, and nothing is pending".to_owned(),
            (0, false) => format!("Applied here: {newer}"),
            (1, _) => "The one migration is applied".to_owned(),
            (all, _) => format!("All {all} migrations are applied"),
        };
        if self.applied > 0 && self.newer > 0 {
            sentence.push_str(&format!(", and {newer}"));
        }
        let alive: Vec<String> =
            self.alive.iter().map(|(release, count)| format!("{release} × {count}")).collect();
        if !alive.is_empty() {
            sentence.push_str(&format!("; alive: {}", alive.join(", ")));
        }
        (Tone::Done, sentence)
    }
}

impl Filling {
    fn said(&self) -> (Tone, String) {
        let (label, percent) = (&self.label, self.percent);
        let left = match self.left {
            Some(left) => format!(", about {} left", human(left)),
            None => String::new(),
        };
        match &self.state {
            BackfillState::Running => {
                (Tone::Moving, format!("The backfill {label} is {percent} % done{left}"))
            }
            BackfillState::Finished => {
                (Tone::Moving, format!("The backfill {label} has done all rows, and is about to be applied"))
            }
            other => (Tone::Waiting, format!("The backfill {label}, {percent} % done: {other}")),
        }
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn are(number: usize, what: &str) -> String {
    match (number, what) {
        (1, _) => format!("1 {what} is"),
        (_, "more") => format!("{number} more are"),
        _ => format!("{number} {what}s are"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(picture: Picture, expected: Expect) {
        let Standing { tone, sentence } = picture.standing();
        expected.assert_eq(&format!("{}: {sentence}", tone.word()));
    }

    fn filling(state: BackfillState) -> Filling {
        Filling { label: "2_fill".to_owned(), percent: 43, left: Some(Duration::from_secs(125)), state }
    }

    fn everything() -> Picture {
        Picture {
            wrong: Some("The history does not fit this binary: 3 was edited".to_owned()),
            failed: vec![("4_bad".to_owned(), "division by zero\nhelp".to_owned())],
            migrating: Some("pid 42, `orders`".to_owned()),
            pending: 2,
            backfills: vec![filling(BackfillState::Running)],
            later: vec![
                ("5_drop".to_owned(), vec!["orders 1.4.1 still needs it".to_owned(); 3]),
                ("6_x".to_owned(), Vec::new()),
            ],
            newer: 1,
            applied: 12,
            alive: vec![("orders 1.4.2".to_owned(), 3)],
        }
    }

    /// From everything at once, one after the other is mended.
    #[test]
    fn the_worst_is_said_first_and_then_what_is_next() {
        let mut it = everything();
        check(it.clone(), expect!["wrong: The history does not fit this binary: 3 was edited"]);
        it.wrong = None;
        check(it.clone(), expect!["wrong: 4_bad failed: division by zero"]);
        it.failed[0].1 = "migration 4_bad failed at statement 1 of 2: division by zero".to_owned();
        check(it.clone(), expect!["wrong: 4_bad failed at statement 1 of 2: division by zero"]);
        it.failed.clear();
        check(it.clone(), expect!["moving: Being migrated by pid 42, `orders`; 2 migrations are pending"]);
        it.migrating = None;
        check(it.clone(), expect!["waiting: 2 migrations are pending"]);
        it.pending = 0;
        check(it.clone(), expect!["moving: The backfill 2_fill is 43 % done, about 2 min 5 s left"]);
        it.backfills = vec![filling(BackfillState::Paused("by anna: lunch".to_owned()))];
        check(it.clone(), expect!["waiting: The backfill 2_fill, 43 % done: paused by anna: lunch"]);
        it.backfills = vec![filling(BackfillState::Failed("division by zero".to_owned()))];
        check(it.clone(), expect!["wrong: The backfill 2_fill failed: division by zero"]);
        it.backfills = vec![filling(BackfillState::Finished)];
        check(
            it.clone(),
            expect!["moving: The backfill 2_fill has done all rows, and is about to be applied"],
        );
        it.backfills.clear();
        check(
            it.clone(),
            expect![
                "waiting: 5_drop waits: orders 1.4.1 still needs it, and 2 reasons more; 1 more is behind it"
            ],
        );
        it.later.remove(0);
        check(it.clone(), expect!["waiting: 6_x is next"]);
        it.later.clear();
        check(
            it.clone(),
            expect![
                "done: All 12 migrations are applied, and 1 migration of a newer release; alive: orders 1.4.2 × 3"
            ],
        );
        it.newer = 0;
        it.alive.clear();
        check(it, expect!["done: All 12 migrations are applied"]);
        check(Picture::default(), expect!["done: Nothing is applied, and nothing is pending"]);
    }
}
