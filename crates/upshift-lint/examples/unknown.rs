//! tmp
fn main() {
    let mut known = 0; let mut unknown = 0;
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).unwrap();
        let Ok(cut) = upshift_files::sql::split(&text) else { println!("SPLIT {path}"); continue };
        for s in &cut {
            match upshift_lint::read(&text, s) {
                upshift_lint::statement::Statement::Unknown { words, at } => {
                    unknown += 1;
                    println!("UNKNOWN {words} | {} | AT {:?}", s.text(&text).replace('\n', " ").chars().take(140).collect::<String>(), text.get(at..).unwrap_or("").chars().take(25).collect::<String>());
                }
                _ => known += 1,
            }
        }
    }
    println!("known {known} unknown {unknown}");
}
