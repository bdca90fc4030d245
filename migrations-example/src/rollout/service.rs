//! What an instance of the order service is: a release, a pool, a place in the fleet.

use std::time::Duration;

use upshift::deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use upshift::tokio_postgres::{Config, NoTls};
use upshift::{GatePolicy, Migrator, Source, Version};

use crate::error::Error;

/// The service's name.
pub const SERVICE: &str = "orders";
/// The switch that its second release asks which shape to use.
pub const SWITCH: &str = "orders.status_id";

/// A release of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// Knows `orders.status`, a string.
    First,
    /// Knows `orders.status_id` as well, and needs the string no longer once everybody has moved.
    Second,
}

impl Release {
    /// Its number, as `service` and `status` show it.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Release::First => "1.0.0",
            Release::Second => "2.0.0",
        }
    }

    /// The release with this number.
    #[must_use]
    pub fn of(number: &str) -> Option<Release> {
        [Release::First, Release::Second].into_iter().find(|it| it.number() == number)
    }

    /// The migrations its binary embeds.
    #[must_use]
    pub fn migrations(self) -> Source {
        match self {
            Release::First => upshift::embed_migrations!("releases/1"),
            // No status is ever deleted: the foreign key needs no index.
            Release::Second => {
                upshift::embed_migrations!("releases/2", lint_rules = "foreign-key-without-index = off")
            }
        }
    }
}

/// The contract that hides `orders.status`.
///
/// # Errors
/// Never: the number is a version.
pub fn hide() -> Result<Version, Error> {
    Version::new(20_260_601_090_005).ok_or_else(|| Error::Story("no version".to_owned()))
}

/// Connections of an instance; each release says in `pg_stat_activity` who it is.
///
/// # Errors
/// The address is none.
pub fn pool(url: &str, release: Release, size: usize) -> Result<Pool, Error> {
    let mut config: Config = url.parse().map_err(Error::Address)?;
    config.application_name(format!("{SERVICE} {}", release.number()));
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    Pool::builder(Manager::from_config(config, NoTls, recycling)).max_size(size).build().map_err(Error::Pool)
}

/// A release's migrator, with gates that do in seconds what the defaults do in minutes.
#[must_use]
pub fn migrator(pool: Pool, release: Release, host: &str) -> Migrator {
    let gate = GatePolicy {
        lease: Duration::from_secs(6),
        heartbeat: Duration::from_millis(300),
        grace: Duration::from_secs(1),
        // The one who seeds and looks.
        allowed: vec!["rollout-demo".to_owned()],
        ..GatePolicy::default()
    };
    Migrator::new(pool, release.migrations()).service(SERVICE, release.number()).host(host).gate(gate)
}
