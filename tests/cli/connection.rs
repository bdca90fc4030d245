//! Where the address may stand, and which place counts.

use upshift_promises::Database;
use upshift_promises::database::SERVER;

use crate::stage::{Stage, said};
use crate::story::two;

/// What `status` says of a database where one of two migrations is applied.
const ONE_OF_TWO: &str = "2_status  pending";

#[tokio::test]
async fn the_address_may_stand_in_each_place_that_people_know() {
    let db = Database::new().await;
    let mut stage = Stage::on(&db);
    two(&stage);
    assert_eq!(stage.run("up --count 1").code, 0);
    let url = stage.url.take().unwrap();
    let check = |command: std::process::Command, place: &str| {
        let said = said(command);
        assert!(said.code == 0 && said.out.contains(ONE_OF_TWO), "{place}: {}", said.text());
    };
    check(stage.command(&["status", "--url", &url]), "--url");
    let port = SERVER.port().to_string();
    let words = format!("host=127.0.0.1 port={port} user=postgres dbname={}", db.name());
    check(stage.command(&["status", "-u", &words]), "key=value words");
    let mut libpq = stage.command(&["status"]);
    libpq.envs([
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", &port),
        ("PGUSER", "postgres"),
        ("PGDATABASE", db.name()),
    ]);
    check(libpq, "libpq's variables");
    let socket = SERVER.socket_dir().display().to_string();
    let mut local = stage.command(&["status"]);
    local.envs([
        ("PGHOST", socket.as_str()),
        ("PGPORT", &port),
        ("PGUSER", "postgres"),
        ("PGDATABASE", db.name()),
        ("PGSSLMODE", "require"),
    ]);
    check(local, "a socket, whatever sslmode says");
    stage.folder.write(
        "service.conf",
        &format!(
            "[other]\nhost=nowhere\n[orders]\nhost=127.0.0.1\nport={port}\nuser=postgres\ndbname={}\n",
            db.name()
        ),
    );
    let mut service = stage.command(&["status", "-u", "service=orders"]);
    service.env("PGSERVICEFILE", stage.folder.path().join("service.conf"));
    check(service, "a service file");
    stage.folder.write(
        "upshift.toml",
        &format!("url = 'postgres://nobody@127.0.0.1:1/x'\n[environments.staging]\nurl = '{url}'\n"),
    );
    check(stage.command(&["status", "-e", "staging"]), "an environment");
    stage.folder.write(".env", &format!("# the address\nDATABASE_URL=\"{url}\"\n"));
    check(stage.command(&["status"]), ".env counts before upshift.toml");
    let mut shell = stage.command(&["status"]);
    shell.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/x");
    assert_eq!(said(shell).code, 6, "the environment counts before .env");
}

#[tokio::test]
async fn a_password_file_is_read_as_libpq_reads_it() {
    let db = Database::new().await;
    let role = format!("secret_of_{}", db.name());
    // The server asks nobody for a password, so what counts is that the file is found, and refused where others may read it.
    db.run(&format!(
        "create role {role} login password 'x'; grant create on database {} to {role}",
        db.name()
    ))
    .await;
    let mut stage = Stage::on(&db);
    stage.url = Some(db.url().replace("postgres@", &format!("{role}@")));
    two(&stage);
    stage.folder.write(".pgpass", "*:*:*:*:x\n");
    let path = stage.folder.path().join(".pgpass");
    let mode = |mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o644);
    let refused = stage.run("status");
    assert!(
        refused.code == 2 && refused.err.contains("may be read by others, so it is not used"),
        "{}",
        refused.text()
    );
    mode(0o600);
    assert_eq!(stage.run("status").code, 0);
}

#[tokio::test]
async fn a_service_counts_before_variables_and_a_backup_is_of_what_is_migrated() {
    let (here, other) = (Database::new().await, Database::new().await);
    other.run("create table of_the_other ()").await;
    let mut stage = Stage::on(&here);
    stage.url = None;
    two(&stage);
    let port = SERVER.port();
    let name = other.name();
    stage.folder.write(
        "service.conf",
        &format!("[other]\nhost=127.0.0.1\nport={port}\nuser=postgres\ndbname={name}\n"),
    );
    let with_service = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = stage.command(arguments);
        command
            .env("PGSERVICEFILE", stage.folder.path().join("service.conf"))
            .envs(variables.iter().copied());
        said(command)
    };
    let seen = with_service(&["doctor"], &[("PGSERVICE", "other"), ("PGDATABASE", here.name())]);
    assert!(seen.out.contains(name), "{}", seen.text());
    let Some(restore) = upshift_promises::database::client_program("pg_restore") else { return };
    let address = format!("service=other dbname={}", here.name());
    let up = with_service(&["up", "--backup", "kept", "--url", &address], &[]);
    assert_eq!(up.code, 0, "{}", up.text());
    let dump = stage.folder.files().into_iter().find(|path| path.ends_with(".dump")).unwrap();
    let list = std::process::Command::new(restore).arg("--list").arg(stage.folder.path().join(dump)).output();
    let list = String::from_utf8(list.unwrap().stdout).unwrap();
    assert!(list.contains(here.name()) && !list.contains("of_the_other"), "{list}");
}

/// A listener whose connections nobody takes: the system says yes to them, and then nothing comes.
#[tokio::test]
async fn each_host_has_a_time_of_its_own() {
    let db = Database::new().await;
    let stage = Stage::without_database();
    two(&stage);
    let hole = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let hole = hole.local_addr().map(|address| (address.port(), hole)).unwrap();
    let address = |ports: &str| {
        let hosts = vec!["127.0.0.1"; ports.split(',').count()].join(",");
        format!("host={hosts} port={ports} user=postgres dbname={} connect_timeout=1", db.name())
    };
    let status = |ports: &str| said(stage.command(&["status", "--url", &address(ports)]));
    let behind = status(&format!("{0},{0},{1}", hole.0, SERVER.port()));
    assert!(behind.code == 0 && behind.out.contains("2_status  pending"), "{}", behind.text());
    // A server that has answered, and said no, ends it: the next one is not asked.
    let refused = address(&format!("{},{}", SERVER.port(), hole.0)).replace(db.name(), "is_not_there");
    let refused = said(stage.command(&["status", "--url", &refused]));
    assert!(
        refused.code == 6 && refused.err.contains("\"is_not_there\" does not exist"),
        "{}",
        refused.text()
    );
    let nobody = status(&format!("{0},{0}", hole.0));
    let words = format!("127.0.0.1:{} has not answered within 1 s", hole.0);
    assert!(nobody.code == 6 && nobody.err.contains(&words), "{}", nobody.text());
}

#[test]
fn a_password_is_in_no_error() {
    let addresses = [
        "me:sekret@host/db?sslmode=require",
        "postgres:/me:sekret@h/db?a=b",
        "postgres://me:sekret/x@h/db",
        "postgres://me:sek?sekret@h/db",
        "password=se sekret=1 host=h",
        "postgres://me:sekret@127.0.0.1:1/x",
    ];
    for url in addresses {
        let stage = Stage::without_database();
        two(&stage);
        let said = said(stage.command(&["status", "--url", url]));
        assert!(said.code != 0 && !said.err.contains("sekret"), "{url}: {}", said.text());
    }
    for (file, text) in [
        (".env", "DATABASE_URL=postgres://u:sekret pass@h/db\n"),
        ("upshift.toml", "urll = \"postgres://u:sekret@h/db\"\n"),
        ("upshift.toml", "url = \"postgres://u:sekret@h/db\n"),
    ] {
        let stage = Stage::without_database();
        two(&stage);
        stage.folder.write(file, text);
        let said = stage.run("status");
        assert!(said.code == 2 && !said.err.contains("sekret"), "{file}: {}", said.text());
    }
}

#[test]
fn a_server_that_does_not_answer_is_named_without_the_password() {
    let mut stage = Stage::without_database();
    stage.folder.write("migrations/1_t.sql", "select 1;");
    stage.url = Some("postgres://me:secret@127.0.0.1:1/orders".to_owned());
    let said = stage.run("status");
    assert!(
        said.code == 6 && said.err.ends_with("  tried: 127.0.0.1:1, database orders, role me\n"),
        "{}",
        said.text()
    );
    assert!(!said.err.contains("secret"), "{}", said.text());
}
