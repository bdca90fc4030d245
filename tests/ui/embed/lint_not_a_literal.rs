const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/good", lint = warn);

fn main() {
    drop(MIGRATIONS);
}
