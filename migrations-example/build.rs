//! Without this line cargo would not notice a *new* migration: no macro can tell it.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=releases");
}
