const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/good", lint_rules = "drop-colum = off");

fn main() {
    drop(MIGRATIONS);
}
