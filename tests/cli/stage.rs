//! A folder and a database for a command, and what came of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use upshift_promises::Database;

/// A folder of its own, which goes with this value.
pub struct Folder(PathBuf);

static NEXT: AtomicU32 = AtomicU32::new(1);

impl Folder {
    pub fn new() -> Folder {
        let name = format!("upshift-cli-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.0.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.0.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The paths of all files in it, sorted.
    pub fn files(&self) -> Vec<String> {
        let (mut files, mut folders) = (Vec::new(), vec![self.0.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push(path.strip_prefix(&self.0).unwrap().display().to_string()),
                }
            }
        }
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// What came of a command.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// All of it, as a person sees it; what is of the moment is masked.
    pub fn text(&self) -> String {
        let mut text = masked(&self.out);
        if !self.err.is_empty() {
            text.push_str(&format!("(stderr)\n{}", masked(&self.err)));
        }
        text.push_str(&format!("(exit {})\n", self.code));
        text
    }
}

/// A folder, and the address of a database.
pub struct Stage {
    pub folder: Folder,
    pub url: Option<String>,
}

impl Stage {
    pub fn on(db: &Database) -> Stage {
        Stage { folder: Folder::new(), url: Some(db.url()) }
    }

    pub fn without_database() -> Stage {
        Stage { folder: Folder::new(), url: None }
    }

    /// A command of the program, without anything of our own environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_upshift-under-test"), arguments)
    }

    pub fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("HOME", self.folder.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // Where a throw-away server takes its programs from, when somebody chose them.
        for name in ["UPSHIFT_PG_BIN", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Some(url) = &self.url {
            command.env("DATABASE_URL", url);
        }
        command
    }

    /// Runs a command, its arguments with spaces between them.
    pub fn run(&self, line: &str) -> Said {
        let arguments: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        said(self.command(&arguments))
    }

    /// The same, and its picture under what was asked.
    pub fn show(&self, line: &str) -> String {
        format!("$ upshift {line}\n{}", self.run(line).text())
    }
}

pub fn said(mut command: Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Said {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// The text without what differs from run to run: times, durations, names of databases, folders and processes.
pub fn masked(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(mask_word).collect::<Vec<_>>().join(" ");
        mask_durations(&words)
    });
    let mut text: String = lines.map(|line| format!("{line}\n")).collect();
    if let Some(temporary) = std::env::temp_dir().to_str() {
        while let Some(at) = text.find(&format!("{temporary}/upshift-cli-")) {
            let end = text[at + temporary.len() + 1..]
                .find('/')
                .map_or(text.len(), |end| at + temporary.len() + 1 + end);
            text.replace_range(at..end, "FOLDER");
        }
    }
    text
}

fn mask_word(word: &str) -> String {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let core = word.trim_matches(['"', ',', '`', '(', ')', ':']);
    let masked = match core {
        // 2026-11-21 and 14:55:07, and both with a T between them.
        _ if core.len() == 10 && core.matches('-').count() == 2 && digits == 8 => "DATE",
        _ if core.len() == 8 && core.matches(':').count() == 2 && digits == 6 => "TIME",
        _ if core.ends_with('Z') && core.contains('T') && core.matches(':').count() == 2 => "MOMENT",
        _ if core.starts_with("promise_") => "DATABASE",
        _ => return word.to_owned(),
    };
    word.replace(core, masked)
}

/// `3 ms`, `1.25 s`, `under 1 ms`: the number and the blanks in front of it, and what stands for it in JSON.
fn mask_durations(line: &str) -> String {
    if let Some((name, _)) = line.split_once("_ms\": ") {
        let comma = if line.ends_with(',') { "," } else { "" };
        return format!("{name}_ms\": N{comma}");
    }
    let words: Vec<&str> = line.split(' ').collect();
    let mut out: Vec<&str> = Vec::new();
    for word in words {
        let unit = word.trim_end_matches([',', ':', ')']);
        let number = |text: &&str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.');
        if matches!(unit, "ms" | "s") && out.last().is_some_and(number) {
            out.pop();
            if out.last() == Some(&"under") {
                out.pop();
            }
            while out.last() == Some(&"") {
                out.pop();
            }
            out.push("TOOK");
            if unit.len() < word.len() {
                out.push(&word[unit.len()..]);
            }
        } else {
            out.push(word);
        }
    }
    out.join(" ")
}
