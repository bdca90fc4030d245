const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/psql_command");

fn main() {
    let _ = MIGRATIONS;
}
