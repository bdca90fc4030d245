//! Who runs the server.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::error::{Kind, ServerError};

/// Users a machine has for this: the packages' own, and the one every system has.
/// The server looks its user up by number, so the user must exist.
const STAND_INS: [&str; 2] = ["postgres", "nobody"];

/// The user whose processes and files a server's are.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    identity: Identity,
}

#[derive(Debug, Clone)]
enum Identity {
    /// The user this program runs as.
    Own,
    /// Another one, because this program runs as root and PostgreSQL refuses to.
    StandIn { name: &'static str, gid: u32 },
}

impl Account {
    /// This program's own user, or a stand-in when that is root.
    pub(crate) fn choose() -> Result<Self, ServerError> {
        let own = rustix::process::geteuid().as_raw();
        if own != 0 {
            return Ok(Self { uid: own, identity: Identity::Own });
        }
        for name in STAND_INS {
            if let (Some(uid), Some(gid)) = (ask_id(&["-u", name])?, ask_id(&["-g", name])?) {
                return Ok(Self { uid, identity: Identity::StandIn { name, gid } });
            }
        }
        Err(Kind::NoStandIn { tried: STAND_INS.map(String::from).to_vec() }.into())
    }

    /// The user's name, for a human.
    pub(crate) fn name(&self) -> String {
        match self.identity {
            Identity::Own => format!("this user ({})", self.uid),
            Identity::StandIn { name, .. } => format!("user `{name}`"),
        }
    }

    /// A command that runs as this user, out of reach of the terminal's Ctrl-C.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        // Messages are read by this crate, and the folder this program stands in may be closed to a stand-in.
        command.env("LC_ALL", "C").current_dir("/").process_group(0);
        if let Identity::StandIn { gid, .. } = self.identity {
            command.uid(self.uid).gid(gid);
        }
        command
    }

    /// Runs a command to its end; what it printed, or why it failed.
    pub(crate) fn run(&self, command: &mut Command) -> Result<String, ServerError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let output = command.output().map_err(|source| Kind::Run {
            program: program.clone(),
            user: self.name(),
            source,
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Kind::Failed { program, user: self.name(), status: output.status, said }.into())
    }
}

/// One number of `id`, `None` when there is no such user.
fn ask_id(arguments: &[&str]) -> Result<Option<u32>, ServerError> {
    let output = Command::new("id").args(arguments).output().map_err(|source| Kind::Run {
        program: "id".into(),
        user: "this user".into(),
        source,
    })?;
    if !output.status.success() {
        return Ok(None);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
}
