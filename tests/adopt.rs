//! Moving in from other tools: their histories, as they wrote them, on a real server.

#[path = "adopt/alembic.rs"]
mod alembic;
#[path = "adopt/back.rs"]
mod back;
#[path = "adopt/checksums.rs"]
mod checksums;
#[path = "adopt/crowd.rs"]
mod crowd;
#[path = "adopt/doubt.rs"]
mod doubt;
#[path = "adopt/engine.rs"]
mod engine;
#[path = "adopt/mark.rs"]
mod mark;
#[path = "adopt/name.rs"]
mod name;
#[path = "adopt/number.rs"]
mod number;
#[path = "adopt/proof.rs"]
mod proof;
#[path = "adopt/stage.rs"]
mod stage;
#[path = "adopt/survey.rs"]
mod survey;
