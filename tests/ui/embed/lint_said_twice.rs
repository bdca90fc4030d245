const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/good", lint = "warn", lint = "off");

fn main() {
    drop(MIGRATIONS);
}
