//! Every promise upshift makes, one module each.

#[path = "promises/boot.rs"]
mod boot;
