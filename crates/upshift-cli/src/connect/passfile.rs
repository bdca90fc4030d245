//! The password that `.pgpass` knows. PostgreSQL manual, 34.16.

use std::path::{Path, PathBuf};

use super::address::Address;
use super::parameters::Parameters;
use crate::failure::Failure;

/// The password for this address, from the file that is said or from `~/.pgpass`.
///
/// A file that others may read is not used, as in libpq, and that is an error rather than a wrong password later.
pub(super) fn password(
    address: &Address,
    parameters: &Parameters,
    home: Option<&Path>,
) -> Result<Option<String>, Failure> {
    let said = parameters.get("passfile").map(PathBuf::from);
    let Some(path) = said.or_else(|| home.map(|home| home.join(".pgpass"))) else { return Ok(None) };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(Failure::file("read", &path, &cause)),
    };
    refuse_readable(&path)?;
    let found = address.hosts.iter().find_map(|(host, port)| {
        let host = if host.starts_with('/') { "localhost" } else { host };
        look_up(&text, [host, &port.to_string(), &address.database, &address.user])
    });
    Ok(found)
}

#[cfg(unix)]
fn refuse_readable(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode =
        std::fs::metadata(path).map_err(|cause| Failure::file("read", path, &cause))?.permissions().mode();
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(Failure::usage(format!("{} may be read by others, so it is not used", path.display()))
            .help(format!("chmod 600 {}", path.display()))),
    }
}

#[cfg(not(unix))]
fn refuse_readable(_: &Path) -> Result<(), Failure> {
    Ok(())
}

/// The password of the first line whose four fields fit, each the value itself or `*`.
fn look_up(text: &str, wanted: [&str; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let (password, place) = fields.split_last()?;
        let fits =
            place.len() == 4 && place.iter().zip(wanted).all(|(field, value)| field == "*" || field == value);
        fits.then(|| password.clone())
    })
}

/// The fields of a line: `:` is between them, `\` before a `:` or a `\` that is meant. What follows the fourth is the
/// password, whatever it holds.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '\\' => letters.next().unwrap_or('\\'),
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            letter => letter,
        };
        if let Some(field) = fields.last_mut() {
            field.push(letter);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::look_up;

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let text = "# a comment\n\
                    db:5432:orders:me:first\n\
                    db:*:*:me:a\\:b\\\\c\n\
                    *:*:*:*:last\n\
                    half:a:line\n";
        let cases = [
            (["db", "5432", "orders", "me"], Some("first")),
            (["db", "5433", "orders", "me"], Some("a:b\\c")),
            (["localhost", "5432", "x", "you"], Some("last")),
        ];
        for (wanted, expected) in cases {
            assert_eq!(look_up(text, wanted).as_deref(), expected, "{wanted:?}");
        }
        assert_eq!(look_up("db:5432:orders:me:first\n", ["db", "5432", "orders", "you"]), None);
    }
}
