const MIGRATIONS: upshift::Source = upshift::embed_migrations!(FOLDER, "folders/good", layout = goose);

fn main() {
    let _ = MIGRATIONS;
}
