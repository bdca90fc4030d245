const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/dangerous_history");

fn main() {
    drop(MIGRATIONS);
}
