//! Who runs: each knows how to connect and how to bring a database to the same set of migrations.

mod bare;
mod refinery;
mod sqlx;
mod upshift;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt};

pub use bare::{Bare, Sending};
pub use refinery::Refinery;
pub use sqlx::Sqlx;
pub use upshift::Upshift;

use crate::trips::{Counter, Trips};

pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// One migration, before any tool has it.
#[derive(Debug, Clone)]
pub struct File {
    pub number: i32,
    pub name: String,
    pub sql: String,
}

/// `create table t0001 (id bigint primary key)` and so on.
pub fn files(count: i32) -> Vec<File> {
    let file = |number| File {
        number,
        name: format!("t{number:04}"),
        sql: format!("create table t{number:04} (id bigint primary key)"),
    };
    (1..=count).map(file).collect()
}

/// What a tool must do. What its own macro makes a constant is made beforehand, and its value keeps it.
pub trait Contender: Send + Sync + 'static {
    type Link: Send;

    fn name(&self) -> &'static str;
    fn place(&self) -> Place;
    /// A connection on which a query was not sent yet.
    fn connect(&self, url: &str) -> impl Future<Output = Outcome<Self::Link>> + Send;
    fn migrate(&self, link: &mut Self::Link) -> impl Future<Output = Outcome<()>> + Send;
}

/// What a contender is compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The hand-written floor that the ratios are to.
    Floor,
    /// The floor written otherwise, to read beside it.
    OtherFloor,
    Ours,
    Peer,
}

/// Where to connect, and the counter on the way.
pub struct Address {
    pub url: String,
    pub counter: Arc<Counter>,
}

/// One boot.
#[derive(Debug, Clone, Copy)]
pub struct Boot {
    pub connect: Duration,
    pub migrate: Duration,
    /// After connecting.
    pub trips: Trips,
}

/// A contender of any type, boxed futures and all.
pub trait Boots: Send + Sync {
    fn name(&self) -> &'static str;
    fn place(&self) -> Place;
    fn boot<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, Outcome<Boot>>;
}

pub type Entrant = Arc<dyn Boots>;

impl<C: Contender> Boots for C {
    fn name(&self) -> &'static str {
        Contender::name(self)
    }

    fn place(&self) -> Place {
        Contender::place(self)
    }

    fn boot<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, Outcome<Boot>> {
        async {
            let began = Instant::now();
            let mut link = self.connect(&address.url).await?;
            let (connect, before, connected) = (began.elapsed(), address.counter.trips(), Instant::now());
            self.migrate(&mut link).await?;
            let (migrate, after) = (connected.elapsed(), address.counter.trips());
            Ok(Boot { connect, migrate, trips: after.since(before) })
        }
        .boxed()
    }
}
