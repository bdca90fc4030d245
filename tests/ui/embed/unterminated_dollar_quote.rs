const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/unterminated_dollar_quote");

fn main() {
    let _ = MIGRATIONS;
}
