const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/rust_without_up");

fn main() {
    let _ = MIGRATIONS;
}
