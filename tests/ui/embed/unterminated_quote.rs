const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/unterminated_quote");

fn main() {
    let _ = MIGRATIONS;
}
