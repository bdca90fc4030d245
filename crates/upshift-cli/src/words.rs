//! The engine speaks to programmers. At a command line the same advice is a command.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

/// What the engine says, and what it is here.
const WORDS: &[(&str, &str)] = &[
    // Sentences first, before the calls in them.
    (
        "runs beside the service, which `migrator.join()` looks after",
        "runs in the service's own instances, while they serve",
    ),
    ("`LockPolicy::wait`", "`--lock-wait`"),
    ("`Timeouts::lock`", "`--lock-timeout`"),
    ("`Migrator::schema`", "`--schema`"),
    ("`OutOfOrder::Apply`", "`--allow-out-of-order`"),
    ("`Missing::Accept`", "`[policy] missing = \"accept\"` in upshift.toml"),
    ("`Grouping::AllInOne`", "`--grouped`"),
    ("`drift_policy(DriftPolicy::Watch)`", "`[policy] drift = \"watch\"` in upshift.toml"),
    ("`migrator.run()`", "`upshift up`"),
    ("`migrator.status()`", "`upshift status`"),
    ("`migrator.down(…)`", "`upshift down`"),
    ("`forget` is for", "`upshift repair forget` is for"),
    ("`migrator.unadopt()`", "`upshift adopt --undo`"),
    ("`unadopt` takes", "`upshift adopt --undo` takes"),
    ("`migrator.join()`", "the running service"),
    ("`Migrator::join`", "the running service"),
    ("`Target::Only`", "`--only`"),
    ("`migrator.repair().accept_checksum(version)`", "`upshift repair accept-checksum VERSION`"),
    ("`migrator.repair().forget(version)`", "`upshift repair forget VERSION`"),
    ("`migrator.repair().accept_drift(\"why\")`", "`upshift repair accept-drift --because WHY`"),
    ("`migrator.repair().accept_renumbered(\"why\")`", "`upshift repair accept-renumbered --because WHY`"),
    (
        "give it a number of its own, behind all others, where",
        "give it a number of its own with `upshift renumber`, where",
    ),
    (
        "give the one that is not applied anywhere a new version",
        "give the one that is not applied anywhere a version of its own with `upshift renumber FILE`",
    ),
    ("`migrator.rollout().status()`", "`upshift rollout status`"),
    ("`migrator.rollout().unhide(version)`", "`upshift rollout unhide VERSION`"),
    ("`rollout().forget(id)`", "`upshift rollout forget ID`"),
    ("`migrator.backfills().progress()`", "`upshift backfill status`"),
    ("`migrator.backfills().resume(version)`", "`upshift backfill resume VERSION --because WHY`"),
    ("`migrator.backfills().cancel(version, \"why\")`", "`upshift backfill cancel VERSION --because WHY`"),
    ("`migrator.backfills().restart(version)`", "`upshift backfill restart VERSION`"),
    ("`migrator.backfills().accept_text(version)`", "`upshift backfill accept-text VERSION`"),
    // The recipes, where they speak of another one.
    ("with ConcurrentIndex before", "with `upshift recipe index` before"),
    ("(ConcurrentIndex)", "(`upshift recipe index`)"),
    ("ConcurrentIndex::unique", "`upshift recipe index --unique`"),
    ("(AddUnique)", "(`upshift recipe add-unique`)"),
    ("make AddForeignKey for each table", "run `upshift recipe add-foreign-key` for each table"),
];

/// A command in the texts of these commands, up to its own words.
const COMMAND: &str = "`upshift ";

/// What a person types before a command: `upshift`, or the program that mounts them and the subcommands that lead to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Called(Arc<str>);

impl Default for Called {
    fn default() -> Called {
        Called("upshift".into())
    }
}

impl Called {
    /// By this program, behind these subcommands of it.
    pub(crate) fn by(program: &str, path: &[String]) -> Called {
        let path = path.iter().map(String::as_str).filter(|word| !word.is_empty());
        let words: Vec<&str> = std::iter::once(program).chain(path).collect();
        Called(words.join(" ").into())
    }

    /// The engine's text with commands where it names calls, as they are called here. Lines of a file that are shown are
    /// the user's own.
    pub(crate) fn at_a_command_line<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !text.contains(COMMAND) && !WORDS.iter().any(|(call, _)| text.contains(call)) {
            return Cow::Borrowed(text);
        }
        let lines = text.split_inclusive('\n').map(|line| match is_shown(line) {
            true => line.to_owned(),
            false => WORDS
                .iter()
                .fold(line.to_owned(), |line, (call, command)| line.replace(call, command))
                .replace(COMMAND, &format!("`{} ", self.0)),
        });
        Cow::Owned(lines.collect())
    }

    /// The same in every text of a value.
    pub(crate) fn in_json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.at_a_command_line(&text).into_owned()),
            Value::Array(all) => Value::Array(all.into_iter().map(|it| self.in_json(it)).collect()),
            Value::Object(all) => {
                Value::Object(all.into_iter().map(|(name, value)| (name, self.in_json(value))).collect())
            }
            other => other,
        }
    }
}

/// A line of a file under its number, as an error shows it: ` 12 | create table …`.
fn is_shown(line: &str) -> bool {
    line.split_once(" | ")
        .is_some_and(|(number, _)| number.trim_start().bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// Calls that only a program can make: its own Rust code is missing, or its own policy.
    const FOR_PROGRAMS: &[&str] =
        &["`Migrator::backfill(version, …)`", "`Migrator::backfill_policy`", "`Source::with`"];

    /// Whatever a person may read that names a call: string literals, not comments, of the engine.
    #[test]
    fn every_call_that_the_engine_names_has_its_command() {
        let mut wrong = Vec::new();
        for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../upshift/src")) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let quoted = lines.flat_map(|line| line.split('`').skip(1).step_by(2));
            let calls = quoted.filter(|it| {
                let it = it.trim_start_matches('\\');
                it.starts_with("migrator.")
                    || it.starts_with("rollout()")
                    || it.contains("::") && it.starts_with(char::is_uppercase)
            });
            for call in calls {
                let call = format!("`{}`", call.replace("\\\"", "\""));
                if Called::default().at_a_command_line(&call) == call
                    && !FOR_PROGRAMS.contains(&call.as_str())
                {
                    wrong.push(format!("{}: {call}", path.display()));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn a_line_of_the_users_is_left_as_it_is() {
        let text = "failed\n --> a.sql:12:1\n   |\n12 | -- `migrator.run()`\n   | ^^\n  help: `migrator.run()` again";
        let said = Called::default().at_a_command_line(text);
        assert_eq!(said, text.replace("help: `migrator.run()`", "help: `upshift up`"));
        let said = Called::by("orders", &["db".to_owned(), "migrate".to_owned()]).at_a_command_line(text);
        assert_eq!(said, text.replace("help: `migrator.run()`", "help: `orders db migrate up`"));
    }

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
        let inner = entries.flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        });
        inner.collect()
    }
}
