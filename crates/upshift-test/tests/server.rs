//! What is promised of a server: it is there, it is alone, and it never stays behind.
#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers they call"
)]

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio_postgres::NoTls;
use upshift_test::{Server, StopMode, Storage};

/// The one column of the one row that a query gives.
fn ask(url: &str, query: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let row = client.query_typed(query, &[]).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
        row.first().map(|row| row.get(0)).unwrap_or_default()
    })
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "not so after 30 s: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Sends a signal, or with `0` asks for the process; whether there was one to take it.
fn signal(name: &str, process: &str) -> bool {
    // The shell's own `kill`: not every machine has the program.
    let mut shell = Command::new("sh");
    shell.args(["-c", "kill -s \"$1\" -- \"$2\" 2>/dev/null", "sh", name, process]);
    shell.status().unwrap().success()
}

fn is_alive(pid: u32) -> bool {
    signal("0", &pid.to_string())
}

#[test]
fn both_addresses_lead_to_the_server() {
    let server = Server::start().unwrap();
    for url in [server.url("postgres"), server.socket_url("postgres")] {
        let answer = ask(&url, "select current_setting('server_version_num')");
        let number: u32 = answer.parse().unwrap();
        assert_eq!((number / 10_000, number % 100), (server.version().major, server.version().minor));
    }
    assert_eq!(ask(&server.url("postgres"), "select current_user::text"), server.superuser());
    assert_eq!(
        ask(&server.url("postgres"), "select current_setting('data_directory')"),
        server.data_dir().to_str().unwrap()
    );
    assert!(server.log().contains("database system is ready to accept connections"), "{}", server.log());
}

#[test]
fn a_setting_of_the_caller_wins_and_can_still_be_altered() {
    let server = Server::builder()
        .setting("work_mem", "7MB")
        .setting("fsync", "on")
        .setting("application_name", "it's\\here")
        .storage(Storage::Temporary)
        .start()
        .unwrap();
    for (setting, expected) in
        [("work_mem", "7MB"), ("fsync", "on"), ("max_connections", "300"), ("wal_level", "logical")]
    {
        let query = format!("select current_setting('{setting}')");
        assert_eq!(ask(&server.url("postgres"), &query), expected, "{setting}");
    }
    let query = "select reset_val from pg_settings where name = 'application_name'";
    assert_eq!(ask(&server.url("postgres"), query), "it's\\here");
    assert!(server.data_dir().starts_with(env::temp_dir()));

    ask(&server.url("postgres"), "alter system set work_mem = '9MB'");
    server.restart().unwrap();
    assert_eq!(ask(&server.url("postgres"), "select current_setting('work_mem')"), "9MB");
}

#[test]
fn a_setting_the_server_refuses_is_an_error_with_its_own_words() {
    let error = Server::builder().setting("max_connections", "many").start().unwrap_err();
    let story = format!("{error:?}");
    assert!(
        error.to_string().starts_with("the server ended before it was ready, exit status: 1: "),
        "{story}"
    );
    assert!(story.contains("invalid value for parameter \"max_connections\": \"many\""), "{story}");
}

#[test]
fn an_option_of_initdb_makes_another_cluster() {
    let server = Server::builder().initdb_option("--data-checksums").start().unwrap();
    assert_eq!(ask(&server.url("postgres"), "select current_setting('data_checksums')"), "on");
    let plain = Server::builder().initdb_option("--locale=C.UTF-8").start().unwrap();
    assert_eq!(
        ask(&plain.url("postgres"), "select datctype::text from pg_database where datname = 'template1'"),
        "C.UTF-8"
    );
}

#[test]
fn an_option_initdb_refuses_is_an_error_with_its_own_words() {
    let error = Server::builder().initdb_option("--no-such-option").start().unwrap_err();
    assert!(format!("{error:?}").contains("--no-such-option"), "{error:?}");
}

#[test]
fn eight_servers_started_at_once_are_eight_servers() {
    let servers: Vec<Server> = thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| Server::start().unwrap())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let mut ports: Vec<u16> = servers.iter().map(Server::port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 8);
    for server in &servers {
        let folder = ask(&server.url("postgres"), "select current_setting('data_directory')");
        assert_eq!(Path::new(&folder), server.data_dir());
    }
}

#[test]
fn a_dropped_server_leaves_nothing() {
    for stopped in [None, Some(StopMode::Fast), Some(StopMode::Immediate)] {
        let server = Server::start().unwrap();
        let (pid, folder) = (server.pid().unwrap(), server.socket_dir().to_owned());
        if let Some(mode) = stopped {
            server.stop(mode).unwrap();
            assert_eq!(server.pid(), None);
            assert!(folder.exists(), "a stopped server keeps its data");
        }
        drop(server);
        assert!(!is_alive(pid), "{stopped:?}");
        assert!(!folder.exists(), "{stopped:?}");
    }
}

#[test]
fn a_restarted_server_has_its_data_and_its_address() {
    let server = Server::start().unwrap();
    let (url, port) = (server.url("postgres"), server.port());
    ask(&url, "create table kept as select 42::text as answer");
    for mode in [StopMode::Fast, StopMode::Immediate] {
        server.stop(mode).unwrap();
        server.stop(mode).unwrap();
        server.restart().unwrap();
        assert_eq!(ask(&url, "select answer from kept"), "42", "{mode:?}");
    }
    server.restart().unwrap();
    assert_eq!(server.port(), port);
    assert_eq!(ask(&url, "select answer from kept"), "42");
    let recoveries = server.log().matches("database system was not properly shut down").count();
    assert_eq!(recoveries, 1, "{}", server.log());
}

#[test]
fn a_crashed_server_can_be_restarted() {
    let server = Server::start().unwrap();
    let pid = server.pid().unwrap();
    ask(&server.url("postgres"), "create table kept as select 42::text as answer");
    assert!(signal("QUIT", &pid.to_string()));
    eventually("the crash is noticed", || server.pid().is_none());
    server.restart().unwrap();
    assert_ne!(server.pid(), Some(pid));
    assert_eq!(ask(&server.url("postgres"), "select answer from kept"), "42");
}

#[test]
fn the_programs_beside_the_server_are_found_and_no_others() {
    let server = Server::start().unwrap();
    assert!(server.program("initdb").unwrap().is_file());
    assert_eq!(server.program("no-such-program"), None);
}

/// Set for a copy of this test program that only holds a server until it is killed or told to end.
const HOLD: &str = "UPSHIFT_TEST_HOLD";

/// Starts a server, tells its process and folder, and waits for the end of the input.
#[allow(clippy::print_stdout, reason = "the test that started this program reads it")]
fn hold() -> ! {
    // Never dropped, as a server in a static is not.
    let server = Box::leak(Box::new(Server::start().unwrap()));
    println!("held {} {}", server.pid().unwrap(), server.socket_dir().display());
    io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
    // Before the test harness writes to an output that nobody reads any more.
    std::process::exit(0)
}

/// Another program that holds a server: this one again, at the test `name`.
fn holder(program: &Path, name: &str, uid: Option<u32>) -> (Child, u32, PathBuf) {
    let mut command = Command::new(program);
    command.args(["--exact", name, "--nocapture"]).env(HOLD, "1").current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    if let Some(uid) = uid {
        command.uid(uid).gid(uid);
    }
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let held = lines.into_iter().find_map(|line| Some(line.split_once("held ")?.1.to_owned())).unwrap();
    let (pid, folder) = held.split_once(' ').unwrap();
    (child, pid.parse().unwrap(), folder.into())
}

#[test]
fn a_server_ends_with_its_program_however_that_ends() {
    if env::var_os(HOLD).is_some() {
        hold();
    }
    for end in [Some("KILL"), Some("INT"), Some("TERM"), Some("HUP"), None] {
        let name = "a_server_ends_with_its_program_however_that_ends";
        let (mut program, pid, folder) = holder(&env::current_exe().unwrap(), name, None);
        assert!(is_alive(pid) && folder.exists());
        match end {
            // The whole group, as Ctrl-C and a closed terminal do it.
            Some(name) => assert!(signal(name, &format!("-{}", program.id()))),
            None => drop(program.stdin.take()),
        }
        program.wait().unwrap();
        eventually(&format!("the server ended after {end:?}"), || !is_alive(pid));
        eventually(&format!("the folder is gone after {end:?}"), || !folder.exists());
    }
}

#[test]
fn a_server_runs_for_root_and_for_another_user() {
    if env::var_os(HOLD).is_some() {
        hold();
    }
    let server = Server::start().unwrap();
    let owner = |folder: &Path| std::os::unix::fs::MetadataExt::uid(&fs::metadata(folder).unwrap());
    assert_ne!(owner(&server.data_dir()), 0, "PostgreSQL itself refuses root");

    let whoami = Command::new("id").arg("-u").output().unwrap().stdout;
    if whoami.trim_ascii() != b"0" {
        // Only root can become somebody else, and for anybody else the server above was the whole test.
        return;
    }
    // The target folder may be closed to others; this one is open to all.
    let copy = env::temp_dir().join(format!("upshift-holder-{}", std::process::id()));
    // By another program: what this one has open for writing, a child that another test starts right now would have, too,
    // and a file that somebody has open for writing cannot be run.
    assert!(Command::new("cp").arg(env::current_exe().unwrap()).arg(&copy).status().unwrap().success());
    let (mut program, pid, folder) =
        holder(&copy, "a_server_runs_for_root_and_for_another_user", Some(65_534));
    let (alive, user) = (is_alive(pid), owner(&folder));
    drop(program.stdin.take());
    program.wait().unwrap();
    fs::remove_file(&copy).unwrap();
    assert!(alive);
    assert_eq!(user, 65_534);
    eventually("the folder is gone", || !folder.exists());
}
