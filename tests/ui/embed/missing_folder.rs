const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/missing");

fn main() {
    let _ = MIGRATIONS;
}
