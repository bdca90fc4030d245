const MIGRATIONS: upshift::Source = upshift::embed_migrations!("/var/lib/migrations");

fn main() {
    let _ = MIGRATIONS;
}
