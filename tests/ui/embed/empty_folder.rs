const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/empty");

fn main() {
    let _ = MIGRATIONS;
}
