const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/down_without_up");

fn main() {
    let _ = MIGRATIONS;
}
