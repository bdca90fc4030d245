//! A program that makes a backup: its words, its end, and an interrupt that reaches it.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use upshift::files::mask_secrets;

use super::Purpose;
use crate::failure::Failure;

/// How long an interrupted program has to end by itself, and how often it is looked at.
const GRACE: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How many lines are shown of what a program that failed has said.
const LINES: usize = 20;

/// Runs a program with libpq's variables; gives what it says.
///
/// # Cancel safety
/// Dropping the future interrupts the program and all that it has started, and gives them a moment to end.
pub(super) async fn run(
    mut program: Command,
    name: &str,
    variables: &[(&'static str, String)],
    purpose: Purpose,
) -> Result<String, Failure> {
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that an interrupt reaches what a shell has started, too.
    #[cfg(unix)]
    program.process_group(0);
    // The service is in the variables already, and would win over them.
    program.env_remove("PGSERVICE");
    for (variable, value) in variables {
        program.env(variable, value);
    }
    let failed = |cause: io::Error| {
        Failure::failed(format!("{name} cannot be started: {cause}")).help(format!(
            "install PostgreSQL's client programs, or say --backup-command; {}",
            purpose.without()
        ))
    };
    let child = program.spawn().map_err(failed)?;
    let (status, out, err) = Running::of(child).until_its_end().await.map_err(failed)?;
    if !status.success() {
        let mut text = format!("{name} failed ({status}), so {}", purpose.without());
        last_lines(&out).chain(last_lines(&err)).for_each(|line| text.push_str(&format!("\n  {line}")));
        return Err(Failure::failed(mask_secrets(&text)));
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// The last lines of what a program has said: why it failed stands at the end.
fn last_lines(said: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(said).trim().to_owned();
    let lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    let first = lines.len().saturating_sub(LINES);
    lines.into_iter().skip(first)
}

/// A program that runs. Where this is dropped before it has ended, it is interrupted.
struct Running {
    child: Child,
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
    // Open to the end: whoever cleans up after an interrupt may say so.
    out: Option<ChildStdout>,
    err: Option<ChildStderr>,
}

impl Running {
    fn of(mut child: Child) -> Running {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        #[cfg(unix)]
        let group = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        Running {
            child,
            #[cfg(unix)]
            group,
            out,
            err,
        }
    }

    async fn until_its_end(mut self) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
        let (mut said, mut complained) = (Vec::new(), Vec::new());
        let Running { child, out, err, .. } = &mut self;
        let listen = async {
            if let Some(out) = out {
                out.read_to_end(&mut said).await?;
            }
            io::Result::Ok(())
        };
        let listen_again = async {
            if let Some(err) = err {
                err.read_to_end(&mut complained).await?;
            }
            io::Result::Ok(())
        };
        let (status, (), ()) = tokio::try_join!(child.wait(), listen, listen_again)?;
        Ok((status, said, complained))
    }

    /// To all of its group; whoever is gone already needs none.
    fn interrupt(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
        }
        #[cfg(not(unix))]
        let _ = self.child.start_kill();
    }

    /// Whether it has ended, and all that it has started: a shell is gone at once, and what it runs may clean up, and would
    /// not survive a word to whoever listens no more.
    fn is_over(&mut self) -> bool {
        let is_gone = !matches!(self.child.try_wait(), Ok(None));
        #[cfg(unix)]
        let is_gone = is_gone
            && self.group.is_none_or(|group| rustix::process::test_kill_process_group(group).is_err());
        is_gone
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        self.interrupt();
        // Nothing else goes on: the command ends with its future.
        for _ in 0..GRACE.as_millis() / LOOK_AGAIN.as_millis() {
            if self.is_over() {
                return;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}
