//! Asks the rules of upshift-lint: what refuses the set is a compile error, the rest a warning.

use upshift_files::{Diagnostic, MigrationSet};

use super::parse::Arguments;
use crate::mistake::Mistakes;

/// The warnings, or every finding that refuses the set.
#[cfg(feature = "lint")]
pub(crate) fn judge(
    set: &MigrationSet,
    arguments: &Arguments,
    shown: impl Fn(Diagnostic) -> Diagnostic,
) -> Result<Vec<String>, Mistakes> {
    let options = asked::options(&arguments.lint)?;
    let report = upshift_lint::lint(set, &options);
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let mut refused = Vec::new();
    for mut finding in report.findings {
        finding.diagnostic = shown(finding.diagnostic);
        if finding.level < upshift_lint::Level::Error {
            warnings.push(finding.to_string());
            continue;
        }
        errors.push(syn::Error::new(arguments.folder.span(), &finding));
        if !refused.contains(&finding.migration) {
            refused.push(finding.migration);
        }
    }
    if errors.is_empty() {
        return Ok(warnings);
    }
    if let (Some(head), true) = (set.head(), refused.len() >= MANY) {
        let help = format!(
            "lint refuses {} of {} migrations. Those that are applied everywhere cannot be mended any more: to look only \
             at what is written from now on, say\n    embed_migrations!(\"{}\", lint_since = \"{}\")",
            refused.len(),
            set.len(),
            arguments.folder.value(),
            head.number() + 1,
        );
        errors.push(syn::Error::new(arguments.folder.span(), help));
    }
    Err(errors)
}

/// From so many refused migrations on it is likely that they are older than lint.
#[cfg(feature = "lint")]
const MANY: usize = 3;

/// Without the rules nothing is said, and nothing may be asked of them.
#[cfg(not(feature = "lint"))]
pub(crate) fn judge(
    _: &MigrationSet,
    arguments: &Arguments,
    _: impl Fn(Diagnostic) -> Diagnostic,
) -> Result<Vec<String>, Mistakes> {
    let said = &arguments.lint;
    let said = [&said.most, &said.since, &said.rules, &said.schema, &said.postgres].into_iter().flatten();
    let mistakes: Mistakes = said
        .map(|value| {
            let help =
                "this needs the feature `lint` of upshift, which is on by default and was left out here";
            syn::Error::new(value.span(), help)
        })
        .collect();
    crate::mistake::none_or(mistakes, Vec::new())
}

#[cfg(feature = "lint")]
mod asked {
    //! The arguments, understood.

    use syn::{Error, LitStr};
    use upshift_files::{Diagnostic, Version};
    use upshift_lint::{Catalog, Level, Options};

    use super::super::parse::LintArguments;
    use crate::mistake::Mistakes;

    /// A path of the crate, from anywhere.
    fn from_crate(path: &str) -> std::path::PathBuf {
        std::env::var_os("CARGO_MANIFEST_DIR").map(std::path::PathBuf::from).unwrap_or_default().join(path)
    }

    pub(super) fn options(said: &LintArguments) -> Result<Options, Mistakes> {
        let mut options = Options::default();
        let mut mistakes = Vec::new();
        let mut take = |value: &Option<LitStr>, change: &mut dyn FnMut(&str) -> Result<(), String>| {
            if let Some(value) = value
                && let Err(wrong) = change(&value.value())
            {
                mistakes.push(Error::new(value.span(), wrong));
            }
        };
        take(&said.most, &mut |level| {
            let level = level.parse::<Level>().map_err(|wrong| wrong.to_string())?;
            options = options.clone().at_most(level);
            Ok(())
        });
        take(&said.since, &mut |version| {
            let version = version.parse::<Version>().map_err(|wrong| wrong.to_string())?;
            options = options.clone().since(version);
            Ok(())
        });
        take(&said.rules, &mut |rules| {
            for rule in rules.split(',').filter(|rule| !rule.trim().is_empty()) {
                let Some((name, level)) = rule.split_once('=') else {
                    return Err(format!(
                        "`{}` says no level: write `rule = off`, `= warn` or `= error`",
                        rule.trim()
                    ));
                };
                let level = level.trim().parse::<Level>().map_err(|wrong| wrong.to_string())?;
                options = options.clone().rule(name.trim(), level).map_err(|wrong| wrong.to_string())?;
            }
            Ok(())
        });
        take(&said.schema, &mut |path| {
            let script = std::fs::read_to_string(from_crate(path)).map_err(|error| {
                format!("`{path}` cannot be read ({error}): write the path from the crate's Cargo.toml on, as in `schema.sql`")
            })?;
            let catalog = Catalog::of_script(&script).map_err(|wrong| {
                Diagnostic::at(path, &script, wrong.range.clone(), wrong.message).to_string()
            })?;
            options = options.clone().existing(catalog);
            Ok(())
        });
        take(&said.postgres, &mut |majors| {
            let (oldest, newest) = majors.split_once('-').unwrap_or((majors, majors));
            let parsed = (oldest.trim().parse::<u16>(), newest.trim().parse::<u16>());
            match parsed {
                (Ok(oldest), Ok(newest)) if oldest <= newest => {
                    options = options.clone().majors(oldest..=newest);
                    Ok(())
                }
                _ => Err("write the major version of the servers, as in `16`, or the oldest and the newest, as in `14-17`".to_owned()),
            }
        });
        if mistakes.is_empty() { Ok(options) } else { Err(mistakes) }
    }
}
