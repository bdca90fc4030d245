const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/goose", layout = "gose");

fn main() {
    let _ = MIGRATIONS;
}
