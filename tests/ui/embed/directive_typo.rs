const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/directive_typo");

fn main() {
    let _ = MIGRATIONS;
}
