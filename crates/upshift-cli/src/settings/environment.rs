//! The environment, and `.env` behind it: read once, asked by name.

use std::collections::BTreeMap;
use std::path::Path;

use crate::failure::Failure;

/// The variables a command may ask for. What the process has counts before what a `.env` file says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The process's variables, and those of the `.env` file in this folder, where there is one.
    pub(crate) fn read(folder: &Path) -> Result<Environment, Failure> {
        let mut all = BTreeMap::new();
        let path = folder.join(".env");
        match dotenvy::from_path_iter(&path) {
            Ok(lines) => {
                for line in lines {
                    let (name, value) = line.map_err(|why| unreadable(&path, &why))?;
                    all.insert(name, value);
                }
            }
            Err(dotenvy::Error::Io(cause)) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(why) => return Err(unreadable(&path, &why)),
        }
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(all.insert(name, value)),
                Err(_) if name.starts_with("PG") || name.starts_with("UPSHIFT") || name == "DATABASE_URL" => {
                    return Err(Failure::usage(format!("{name} is no UTF-8")));
                }
                // Somebody else's.
                Err(_) => {}
            }
        }
        Ok(Environment(all))
    }

    /// A variable; an empty one counts as not there, as in libpq.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Environment {
        Environment(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }
}

fn unreadable(path: &Path, why: &dotenvy::Error) -> Failure {
    match why {
        // The line may hold a password.
        dotenvy::Error::LineParse(..) => {
            Failure::usage(format!("{} has a line that cannot be read", path.display()))
                .help("a value with blanks or signs stands in quotes: NAME='value'")
        }
        other => Failure::usage(format!("cannot read {}: {other}", path.display())),
    }
}
