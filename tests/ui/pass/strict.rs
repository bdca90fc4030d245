//! What the macros write passes the lints of a strict crate, and means what it says whatever names are around.
#![deny(warnings, missing_docs, unreachable_pub, unused, rust_2018_idioms)]
#![deny(clippy::all, clippy::pedantic, clippy::panic)]
#![no_implicit_prelude]

use ::upshift::{BoxError, Source, StepContext};

/// Names that the expansion must not mean.
#[allow(dead_code)]
mod core {}
#[allow(dead_code)]
mod std {}
#[allow(dead_code)]
mod upshift {}
#[allow(dead_code, non_camel_case_types)]
struct str;
#[allow(dead_code)]
const FILES: () = ();

const MIGRATIONS: Source = ::upshift::embed_migrations!("ui/folders/good");

/// Does nothing.
#[::upshift::migration(version = "20260517000000")]
async fn nothing(step: &mut StepContext<'_>) -> ::std::result::Result<(), BoxError> {
    step.batch_execute("").await?;
    ::std::result::Result::Ok(())
}

#[test]
fn the_expansion_compiles_under_strict_lints_and_among_foreign_names() {
    let set = MIGRATIONS.with([nothing]).set();
    ::std::assert_eq!(set.map(|set| set.len()).ok(), ::std::option::Option::Some(4));
}
