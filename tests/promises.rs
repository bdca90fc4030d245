//! Every promise upshift makes, one module each.
