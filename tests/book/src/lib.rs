//! The README and the pages of `docs/`: their Rust is compiled as doctests. Tests beside it look at everything else.

// What a page shows is a program as a person writes it, `main` included.
#![allow(clippy::needless_doctest_main)]

#[doc = include_str!("../../../docs/adoption.md")]
pub mod adoption {}

#[doc = include_str!("../../../docs/backfills.md")]
pub mod backfills {}

#[doc = include_str!("../../../docs/commands.md")]
pub mod commands {}

#[doc = include_str!("../../../docs/drift.md")]
pub mod drift {}

#[doc = include_str!("../../../docs/generate.md")]
pub mod generate {}

#[doc = include_str!("../../../docs/http.md")]
pub mod http {}

#[doc = include_str!("../../../docs/migration-files.md")]
pub mod migration_files {}

#[doc = include_str!("../../../docs/recipes.md")]
pub mod recipes {}

#[doc = include_str!("../../../docs/rollouts.md")]
pub mod rollouts {}

#[doc = include_str!("../../../docs/schema.md")]
pub mod schema {}

#[doc = include_str!("../../../docs/test-databases.md")]
pub mod test_databases {}

#[doc = include_str!("../../../docs/trace.md")]
pub mod trace {}

#[doc = include_str!("../../../docs/tutorial.md")]
pub mod tutorial {}

#[doc = include_str!("../../../docs/verified-rollbacks.md")]
pub mod verified_rollbacks {}

#[doc = include_str!("../../../docs/watching.md")]
pub mod watching {}

#[doc = include_str!("../../../docs/guides/kubernetes.md")]
pub mod guides_kubernetes {}

#[doc = include_str!("../../../docs/guides/testing.md")]
pub mod guides_testing {}

#[doc = include_str!("../../../README.md")]
pub mod readme {}
