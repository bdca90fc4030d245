const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/good", lint = "loud");

fn main() {
    drop(MIGRATIONS);
}
