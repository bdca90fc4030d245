//! Tells cargo to look for new migrations.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
