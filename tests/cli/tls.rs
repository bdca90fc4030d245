//! TLS as sslmode says it, against a server with an authority of its own.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use upshift_promises::database::client_program;
use upshift_test::Server;

use crate::stage::{Stage, said};

struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Authority { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate and its key, for these names.
    fn sign(&self, names: &[&str], common: &str) -> (String, String) {
        let mut params =
            CertificateParams::new(names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, common);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Puts the files where the server may read them: its key must be its own and nobody else's.
fn give(server: &Server, files: &[(&str, &str)]) {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    let folder = server.data_dir();
    let owner = std::fs::metadata(&folder).unwrap();
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}

fn exit(stage: &Stage, url: &str) -> (i32, String) {
    let said = said(stage.command(&["status", "--url", url]));
    (said.code, said.err)
}

/// A server called `localhost`, which this authority vouches for; what stands first in its rules for who may come in.
async fn server_of(ours: &Authority, rules: &str) -> Server {
    let server = tokio::task::spawn_blocking(|| Server::start().unwrap()).await.unwrap();
    let (certificate, key) = ours.sign(&["localhost"], "localhost");
    give(&server, &[("server.crt", &certificate), ("server.key", &key), ("root.crt", &ours.certificate)]);
    let admin = upshift_promises::database::connect(&server.url("postgres")).await;
    let has_tls = admin.batch_execute("alter system set ssl = on").await;
    admin.batch_execute("alter system set ssl_ca_file = 'root.crt'").await.unwrap();
    has_tls.unwrap();
    drop(admin);
    let path = server.data_dir().join("pg_hba.conf");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{rules}\n{text}")).unwrap();
    tokio::task::spawn_blocking(move || server.restart().map(|()| server).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_server_is_believed_as_far_as_sslmode_says() {
    if client_program("postgres").is_none() {
        return;
    }
    let (ours, others) = (Authority::new("ours"), Authority::new("others"));
    let server = server_of(&ours, "").await;
    let stage = Stage::without_database();
    stage.folder.write("migrations/1_t.sql", "create table t ();");
    stage.folder.write("ours.crt", &ours.certificate);
    stage.folder.write("others.crt", &others.certificate);
    let port = server.port();
    let url = |host: &str, rest: &str| format!("postgres://postgres@{host}:{port}/postgres?{rest}");
    for (host, rest, code, words) in [
        ("localhost", "sslmode=disable", 0, ""),
        ("localhost", "sslmode=prefer", 0, ""),
        ("localhost", "sslmode=require", 0, ""),
        ("localhost", "sslmode=verify-full&sslrootcert=ours.crt", 0, ""),
        ("localhost", "sslmode=verify-ca&sslrootcert=ours.crt", 0, ""),
        // Another name than the certificate's: a signature is not enough for verify-full.
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=ours.crt", 0, ""),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=ours.crt", 6, "not valid for name"),
        ("localhost", "sslmode=verify-full&sslrootcert=others.crt", 6, "UnknownIssuer"),
        ("localhost", "sslmode=verify-ca&sslrootcert=others.crt", 6, "UnknownIssuer"),
        // With a root certificate named, require is verify-ca, as in libpq.
        ("localhost", "sslmode=require&sslrootcert=others.crt", 6, "UnknownIssuer"),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=nowhere.crt",
            2,
            "cannot read the certificates in nowhere.crt",
        ),
        ("localhost", "sslmode=verify-full&sslrootcert=system", 6, "UnknownIssuer"),
    ] {
        let (ended, said) = exit(&stage, &url(host, rest));
        assert!(ended == code && said.contains(words), "{host} {rest}: {ended}\n{said}");
    }
    client_certificates(
        &server,
        &stage,
        &ours,
        &others,
        &url("localhost", "sslmode=verify-full&sslrootcert=ours.crt"),
    )
    .await;
}

/// Nothing but TLS gets in, and nobody is believed whom our authority does not vouch for.
#[tokio::test]
async fn scratch_databases_are_reached_as_the_address_says_too() {
    if client_program("postgres").is_none() {
        return;
    }
    let ours = Authority::new("ours");
    let server = server_of(&ours, "hostnossl all all all reject").await;
    let stage = Stage::without_database();
    stage.folder.write("ours.crt", &ours.certificate);
    stage.folder.write("migrations/1_t.sql", "create table t ();\n-- upshift: down\ndrop table t;\n");
    stage.folder.write("wish.sql", "create table t (); create table u ();");
    stage.folder.write("empty/.keep", "");
    let url = |host: &str| {
        format!(
            "postgres://postgres@{host}:{}/postgres?sslmode=verify-full&sslrootcert=ours.crt",
            server.port()
        )
    };
    // The name is what is believed, whatever address it is reached at.
    let named =
        said(stage.command(&["status", "--url", &format!("{}&hostaddr=127.0.0.1", url("localhost"))]));
    assert_eq!(named.code, 0, "{}", named.text());
    let run = |line: &str, host: &str| {
        let url = url(host);
        let words = line.split(' ').chain(["--url", &url, "--server", &url]);
        said(stage.command(&words.collect::<Vec<_>>()))
    };
    for (line, code, words) in [
        ("verify", 0, "1 proven"),
        ("diff migrations wish.sql", 4, "added table public.u"),
        ("generate wish.sql --dry-run", 0, "CREATE TABLE public.u"),
        ("pull migrations", 0, "CREATE TABLE public.t"),
        ("push wish.sql", 0, "CREATE TABLE public.u"),
        ("pull database", 0, "CREATE TABLE public.u"),
    ] {
        let seen = run(line, "localhost");
        assert!(seen.code == code && seen.out.contains(words), "{line}: {}", seen.text());
        let foreign = run(line, "127.0.0.1");
        let told = foreign.code == 6 && foreign.err.contains("not valid for name");
        assert!(told, "{line}, by another name: {}", foreign.text());
    }
}

/// The server wants a certificate of ours for every connection over TLS, for its role.
async fn client_certificates(
    server: &Server,
    stage: &Stage,
    ours: &Authority,
    others: &Authority,
    url: &str,
) {
    let rules = server.data_dir().join("pg_hba.conf");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("hostssl all all all cert\n{text}")).unwrap();
    let admin = upshift_promises::database::connect(&server.url("postgres")).await;
    admin.batch_execute("select pg_reload_conf()").await.unwrap();
    for (name, authority, role) in
        [("good", ours, "postgres"), ("wrong-role", ours, "other"), ("foreign", others, "postgres")]
    {
        let (certificate, key) = authority.sign(&[], role);
        stage.folder.write(&format!("{name}.crt"), &certificate);
        stage.folder.write(&format!("{name}.key"), &key);
    }
    wait_for_rules(stage, url).await;
    let with = |name: &str| exit(stage, &format!("{url}&sslcert={name}.crt&sslkey={name}.key"));
    assert_eq!(with("good"), (0, String::new()));
    for name in ["wrong-role", "foreign"] {
        let (ended, said) = with(name);
        assert!(ended == 6, "{name}: {ended}\n{said}");
    }
    assert!(Path::new(&rules).exists());
}

/// The postmaster reads its rules when it comes to it.
async fn wait_for_rules(stage: &Stage, url: &str) {
    for _ in 0..200 {
        if exit(stage, url).0 != 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the server asks for no certificate");
}
