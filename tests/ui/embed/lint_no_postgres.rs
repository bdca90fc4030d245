const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/good", postgres = "18-14");

fn main() {
    drop(MIGRATIONS);
}
