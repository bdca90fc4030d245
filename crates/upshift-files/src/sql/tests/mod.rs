//! Tables of texts and what becomes of them.

mod errors;
mod kinds;
mod lexing;
mod names;
mod promises;
mod splitting;
mod transaction_block;
