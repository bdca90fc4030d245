//! What `--help` says, a file for each command: whoever changes a word sees it here.

use expect_test::expect_file;

use crate::stage::Stage;

const COMMANDS: &[&str] = &[
    "",
    "new",
    "recipe",
    "recipe add-column",
    "recipe set-not-null",
    "recipe rename-column",
    "recipe change-type",
    "recipe split-column",
    "recipe merge-columns",
    "recipe string-to-lookup",
    "recipe replace-enum",
    "recipe add-check",
    "recipe add-foreign-key",
    "recipe add-unique",
    "recipe add-primary-key",
    "recipe index",
    "recipe rename-table",
    "recipe drop-column",
    "recipe drop-table",
    "status",
    "plan",
    "up",
    "down",
    "redo",
    "reset",
    "check",
    "lint",
    "verify",
    "drift",
    "diff",
    "generate",
    "pull",
    "push",
    "adopt",
    "baseline",
    "repair",
    "repair accept-checksum",
    "repair forget",
    "repair accept-applied",
    "repair accept-renumbered",
    "repair accept-drift",
    "database",
    "database create",
    "database drop",
    "rollout",
    "rollout status",
    "rollout hold",
    "rollout release",
    "rollout approve",
    "rollout forget",
    "rollout unhide",
    "rollout purge",
    "rollout share",
    "backfill",
    "backfill status",
    "backfill pause",
    "backfill resume",
    "backfill cancel",
    "backfill restart",
    "backfill accept-text",
    "backfill work",
    "history",
    "audit",
    "audit verify",
    "wait",
    "backup",
    "doctor",
    "renumber",
    "completions",
    "man",
];

#[test]
fn every_command_explains_itself() {
    let stage = Stage::without_database();
    for name in COMMANDS {
        let said = stage.run(&format!("{name} -h"));
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{name}");
        let file = if name.is_empty() { "upshift".to_owned() } else { name.replace(' ', "-") };
        expect_file![format!("{}/cli/help/{file}.txt", env!("CARGO_MANIFEST_DIR"))].assert_eq(&said.out);
    }
}

/// The list above is all there is: what the help of `upshift` and of its groups names.
#[test]
fn no_command_is_without_its_help() {
    let stage = Stage::without_database();
    let mut named = vec![String::new()];
    let mut found = 0;
    while let Some(name) = named.get(found).cloned() {
        found += 1;
        let help = stage.run(&format!("{name} -h")).out;
        let Some((_, commands)) = help.split_once("\nCommands:\n") else { continue };
        let lines = commands.lines().take_while(|line| !line.is_empty());
        let inner = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
        let inner = inner.filter(|word| !word.is_empty() && *word != "help");
        named.extend(inner.map(|inner| format!("{name} {inner}").trim().to_owned()));
    }
    named.sort();
    let mut listed: Vec<&str> = COMMANDS.to_vec();
    listed.sort_unstable();
    assert_eq!(named, listed);
}

#[test]
fn every_shell_gets_its_completions_and_the_manual_its_page() {
    let stage = Stage::without_database();
    for (line, part) in [
        ("completions bash", "_upshift()"),
        ("completions zsh", "#compdef upshift"),
        ("completions fish", "complete -c upshift"),
        ("completions powershell", "Register-ArgumentCompleter"),
        ("completions elvish", "edit:completion:arg-completer[upshift]"),
        ("man", ".TH upshift 1"),
        // What the short help leaves out has its words on the page.
        ("man", "How long to wait for another migrator"),
        ("man rollout share", "Set to whom a switch shows the new shape"),
    ] {
        let said = stage.run(line);
        assert!(said.code == 0 && said.out.contains(part), "{line}: {}", said.text());
    }
}
