const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/not_utf8");

fn main() {
    let _ = MIGRATIONS;
}
