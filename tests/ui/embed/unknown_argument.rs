const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/good", layot = "goose");

fn main() {
    let _ = MIGRATIONS;
}
