const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/good", lint_since = "last year");

fn main() {
    drop(MIGRATIONS);
}
