const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/good", lint_schema = "schema.sql");

fn main() {
    drop(MIGRATIONS);
}
