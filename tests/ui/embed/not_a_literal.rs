const FOLDER: &str = "folders/good";
const MIGRATIONS: upshift::Source = upshift::embed_migrations!(FOLDER);

fn main() {
    let _ = MIGRATIONS;
}
