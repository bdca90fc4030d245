const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/empty/README.md");

fn main() {
    let _ = MIGRATIONS;
}
