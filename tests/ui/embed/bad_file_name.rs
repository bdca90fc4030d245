const MIGRATIONS: upshift::Source = upshift::embed_migrations!("folders/bad_file_name");

fn main() {
    let _ = MIGRATIONS;
}
