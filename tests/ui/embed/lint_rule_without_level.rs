const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/good", lint_rules = "drop-column");

fn main() {
    drop(MIGRATIONS);
}
