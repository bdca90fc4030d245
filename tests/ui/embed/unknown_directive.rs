const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/unknown_directive");

fn main() {
    let _ = MIGRATIONS;
}
