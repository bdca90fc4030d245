const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/twin_versions");

fn main() {
    let _ = MIGRATIONS;
}
