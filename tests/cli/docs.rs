//! `docs/commands.md` says what the program does.

use std::path::Path;

use upshift_cli::Exit;

use crate::stage::Stage;

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/commands.md")).unwrap()
}

#[test]
fn every_command_and_every_exit_code_is_documented() {
    let page = page();
    for exit in Exit::ALL {
        let line = format!("| {} | {} |", exit.code(), exit.meaning());
        assert!(page.contains(&line), "{line}");
    }
    let help = Stage::without_database().run("-h").out;
    let (_, commands) = help.split_once("\nCommands:\n").unwrap();
    let names = commands.lines().take_while(|line| !line.is_empty());
    let table: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for name in names
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|it| !it.is_empty() && *it != "help")
    {
        let is_there = |line: &&&str| {
            let first = line.split('|').nth(1).unwrap_or_default();
            first.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == name)
        };
        assert!(table.iter().find(is_there).is_some(), "{name} is in no table");
    }
}

#[tokio::test]
async fn the_configuration_of_the_page_is_read() {
    let page = page();
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let stage = Stage::without_database();
    stage.folder.write("upshift.toml", text);
    stage.folder.write("migrations/1_t.sql", "create table t ();\n-- upshift: down\ndrop table t;\n");
    let said = stage.run("plan --offline -e staging");
    assert_eq!((said.code, said.out.as_str()), (0, "apply   1_t: pending\n"), "{}", said.text());
}
