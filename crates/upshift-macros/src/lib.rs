//! The macros of upshift.
