const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/dangerous");

fn main() {
    drop(MIGRATIONS);
}
