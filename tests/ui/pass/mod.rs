//! What compiles, and what it is at run time.

mod embedded;
mod function;
mod linted;
mod strict;
