const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/allow_unknown_rule");

fn main() {
    drop(MIGRATIONS);
}
