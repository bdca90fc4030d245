//! What the program was told, from all the places it may be told in: arguments, environment, `.env`, `upshift.toml`.
//!
//! The places are read once, as text; what follows from them is a pure function ([`Settings::resolve`]).

mod environment;
mod file;
mod objects;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use upshift::files::{LayoutChoice, parse_duration};
use upshift::{
    BackfillPolicy, DriftPolicy, LockPolicy, Missing, OutOfOrder, Policy, Timeouts, Vars, Version,
};
use upshift_lint::{Level, Options};

pub(crate) use environment::Environment;
pub(crate) use file::File;
pub(crate) use objects::Objects;

use crate::cli::Globals;
use crate::failure::Failure;

/// What the program was told.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The connection as somebody wrote it: a URL or `key=value` words. `None`: libpq's variables alone say it.
    pub(crate) url: Option<String>,
    /// Where the migrations are, for a program that does not embed them.
    pub(crate) folder: PathBuf,
    pub(crate) layout: LayoutChoice,
    pub(crate) schema: String,
    pub(crate) service: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) policy: Policy,
    pub(crate) timeouts: Timeouts,
    pub(crate) backfill: BackfillPolicy,
    pub(crate) lock: LockPolicy,
    pub(crate) drift: DriftPolicy,
    pub(crate) vars: Vars,
    pub(crate) lint: LintSettings,
    pub(crate) backup: BackupSettings,
    pub(crate) objects: Objects,
}

/// What lint is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct LintSettings {
    pub(crate) since: Option<Version>,
    pub(crate) majors: Option<RangeInclusive<u16>>,
    pub(crate) rules: BTreeMap<String, Level>,
}

/// What a backup before `up` is.
#[derive(Debug, Clone, Default)]
pub(crate) struct BackupSettings {
    pub(crate) folder: Option<PathBuf>,
    pub(crate) command: Option<String>,
    pub(crate) keep: Option<usize>,
}

impl Settings {
    /// What follows from all places together: an argument counts before the environment, that before the file.
    pub(crate) fn resolve(
        globals: &Globals,
        environment: &Environment,
        file: &File,
    ) -> Result<Settings, Failure> {
        let named = file.environment(globals.environment.as_deref())?;
        let said =
            |argument: &Option<String>, variable: &str, inner: &Option<String>, outer: &Option<String>| {
                let variable = || environment.get(variable).map(str::to_owned);
                argument.clone().or_else(variable).or_else(|| inner.clone()).or_else(|| outer.clone())
            };
        // Who names an environment means its address, whatever DATABASE_URL of the shell says.
        let url = globals.url.clone().or_else(|| named.url.clone());
        let url =
            url.or_else(|| environment.get("DATABASE_URL").map(str::to_owned)).or_else(|| file.url.clone());
        let folder = said(&globals.migrations, "UPSHIFT_MIGRATIONS", &named.migrations, &file.migrations);
        let layout = said(&globals.layout, "UPSHIFT_LAYOUT", &None, &file.layout);
        let layout =
            layout.map(|text| text.parse().map_err(|why| Failure::usage(format!("{why}")))).transpose()?;
        let schema = said(&globals.schema, "UPSHIFT_SCHEMA", &named.schema, &file.schema);
        let mut vars = file
            .vars
            .iter()
            .chain(&named.vars)
            .fold(Vars::new(), |vars, (name, value)| vars.with(name, value));
        for pair in &globals.vars {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(Failure::usage(format!("--var wants name=value, found `{pair}`")));
            };
            vars = vars.with(name, value);
        }
        Ok(Settings {
            url,
            folder: PathBuf::from(folder.as_deref().unwrap_or("migrations")),
            layout: layout.map_or(LayoutChoice::Detect, LayoutChoice::Is),
            schema: schema.unwrap_or_else(|| "upshift".to_owned()),
            service: said(&globals.service, "UPSHIFT_SERVICE", &None, &file.service),
            release: said(&globals.release, "UPSHIFT_RELEASE", &None, &file.release),
            policy: policy(globals, file),
            timeouts: timeouts(globals, file)?,
            backfill: BackfillPolicy::default(),
            lock: lock(globals, file)?,
            drift: drift(file),
            vars,
            lint: file.lint_settings()?,
            backup: file.backup_settings()?,
            objects: Objects::of(&file.objects)?,
        })
    }
}

fn policy(globals: &Globals, file: &File) -> Policy {
    let apply = globals.allow_out_of_order || file.policy.out_of_order == file::OnLate::Apply;
    let accept = file.policy.missing == file::OnMissing::Accept;
    Policy {
        out_of_order: if apply { OutOfOrder::Apply } else { OutOfOrder::Refuse },
        missing: if accept { Missing::Accept } else { Missing::Refuse },
    }
}

fn drift(file: &File) -> DriftPolicy {
    match file.policy.drift {
        file::OnDrift::Ignore => DriftPolicy::Ignore,
        file::OnDrift::Watch => DriftPolicy::Watch,
        file::OnDrift::Refuse => DriftPolicy::Refuse,
    }
}

/// What an argument says, or else a key of `[timeouts]`: each with the name it has there.
fn time(
    argument: (&str, &Option<String>),
    key: (&str, &Option<String>),
) -> Result<Option<std::time::Duration>, Failure> {
    let (name, text) = match (argument, key) {
        ((name, Some(text)), _) => (name.to_owned(), text),
        (_, (name, Some(text))) => (format!("{}: [timeouts] {name}", File::NAME), text),
        ((_, None), (_, None)) => return Ok(None),
    };
    parse_duration(text).map(Some).map_err(|why| Failure::usage(format!("{name}: {why}")))
}

fn timeouts(globals: &Globals, file: &File) -> Result<Timeouts, Failure> {
    let mut timeouts = Timeouts::default();
    let (said, written) = (&globals.lock_timeout, &file.timeouts.lock);
    if let Some(lock) = time(("--lock-timeout", said), ("lock", written))? {
        timeouts.lock = lock;
    }
    let (said, written) = (&globals.statement_timeout, &file.timeouts.statement);
    timeouts.statement = time(("--statement-timeout", said), ("statement", written))?.or(timeouts.statement);
    if let Some(retry) = time(("", &None), ("retry", &file.timeouts.retry))? {
        timeouts.retry = retry;
    }
    Ok(timeouts)
}

fn lock(globals: &Globals, file: &File) -> Result<LockPolicy, Failure> {
    let wait = time(("--lock-wait", &globals.lock_wait), ("migrator", &file.timeouts.migrator))?;
    Ok(wait.map_or_else(LockPolicy::default, |wait| LockPolicy { wait }))
}

impl LintSettings {
    /// As upshift-lint takes them.
    pub(crate) fn options(&self) -> Result<Options, Failure> {
        let mut options = Options::default();
        for (rule, level) in &self.rules {
            options = options.rule(rule, *level).map_err(|why| Failure::usage(why.to_string()))?;
        }
        if let Some(since) = self.since {
            options = options.since(since);
        }
        if let Some(majors) = self.majors.clone() {
            options = options.majors(majors);
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(globals: &Globals, environment: &[(&str, &str)], file: &str, expected: Expect) {
        let settled = File::parse(file)
            .map_err(Failure::usage)
            .and_then(|file| Settings::resolve(globals, &Environment::of(environment), &file));
        expected.assert_eq(&match settled {
            Ok(it) => format!(
                "{:?} {} {} {:?} {:?}",
                it.url,
                it.folder.display(),
                it.schema,
                it.policy.out_of_order,
                it.timeouts.lock
            ),
            Err(failure) => failure.render(),
        });
    }

    const FILE: &str = "\
url = 'of the file'
migrations = 'db'
[policy]
out-of-order = 'apply'
[timeouts]
lock = '500ms'
[environments.staging]
url = 'of staging'
schema = 'history'
";

    #[test]
    fn an_argument_counts_before_the_environment_and_that_before_the_file() {
        let none = Globals::default();
        check(&none, &[], "", expect!["None migrations upshift Refuse 2s"]);
        check(&none, &[], FILE, expect![[r#"Some("of the file") db upshift Apply 500ms"#]]);
        let variables = [("DATABASE_URL", "of the shell"), ("UPSHIFT_MIGRATIONS", "m")];
        check(&none, &variables, FILE, expect![[r#"Some("of the shell") m upshift Apply 500ms"#]]);
        let said = Globals { url: Some("said".to_owned()), ..Globals::default() };
        check(&said, &variables, FILE, expect![[r#"Some("said") m upshift Apply 500ms"#]]);
        let staging = Globals { environment: Some("staging".to_owned()), ..Globals::default() };
        check(&staging, &variables, FILE, expect![[r#"Some("of staging") m history Apply 500ms"#]]);
    }

    #[test]
    fn a_mistake_in_the_file_is_shown_with_its_line() {
        let none = Globals::default();
        check(
            &none,
            &[],
            "migration = 'db'",
            expect![[r#"
            TOML parse error at line 1, column 1
              |
            1 | migration = 'db'
              | ^^^^^^^^^
            unknown field `migration`, expected one of `url`, `migrations`, `layout`, `schema`, `service`, `release`, `policy`, `timeouts`, `vars`, `lint`, `backup`, `objects`, `environments`
        "#]],
        );
        check(
            &none,
            &[],
            "[timeouts]\nlock = '5'",
            expect!["upshift.toml: [timeouts] lock: `5` says no unit: write `5ms`, `5s`, `5m`, `5h` or `5d`"],
        );
        let wrong = Globals { environment: Some("stagin".to_owned()), ..Globals::default() };
        check(
            &wrong,
            &[],
            FILE,
            expect![[r#"
            upshift.toml has no environment `stagin`
              help: did you mean `staging`?"#]],
        );
        check(
            &none,
            &[],
            "[backup]\nfolder = 'a'\ncommand = 'b'",
            expect!["upshift.toml: [backup]: folder and command: one of them makes the backup"],
        );
        check(
            &none,
            &[],
            "[lint.rules]\ndrop-column = 'of'",
            expect![
                "upshift.toml: [lint]: drop-column: `of` is no level: there are `off`, `warn` and `error`"
            ],
        );
    }
}
