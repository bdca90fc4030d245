#[upshift::migration(version = "20260514093000")]
pub struct split_names;

fn main() {
    let _ = split_names;
}
