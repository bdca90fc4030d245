const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/several_mistakes");

fn main() {
    let _ = MIGRATIONS;
}
