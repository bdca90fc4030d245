const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/good", layout = "goose");

fn main() {
    let _ = MIGRATIONS;
}
