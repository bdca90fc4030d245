//! What a mistake in a migration looks like, and that it leaves nothing behind.

use upshift::deadpool_postgres::Pool;
use upshift::{Migrator, SourceFile};

use super::{expect, heading};
use crate::boot::{RELEASE, SERVICE, migrations};
use crate::error::Error;
use crate::terminal::{Look, Terminal, fold};

/// Its second statement asks for a column that is called otherwise.
const BROKEN: SourceFile = SourceFile::embedded(
    "20260309100000_add_refunds.sql",
    "\
create table refunds (
    id           bigint generated always as identity primary key,
    order_id     bigint not null references orders (id),
    amount_minor bigint not null check (amount_minor > 0)
);

create view refunded as
select order_id, sum(amount) as amount_minor
from refunds
group by order_id;

-- upshift: down
drop view refunded;
drop table refunds;
",
);

const COUNT_LEFT: &str = "\
    select (select count(*) from pg_class where relname in ('refunds', 'refunded'))
         + (select count(*) from upshift.history where name = 'add_refunds') as count";

/// Boots a release with a broken migration.
pub(super) async fn show(pool: &Pool, page: Terminal) -> Result<(), Error> {
    heading(page, 4, "A release with a mistake changes nothing");
    let migrator = Migrator::new(pool.clone(), migrations().with_files([BROKEN])).service(SERVICE, RELEASE);
    let Err(error) = migrator.run().await else {
        return Err(Error::Story("a broken migration was applied".to_owned()));
    };
    page.say(format!("{} {}", page.paint(Look::Bad, "error:"), fold(&error.render())));

    let looking = "look for leftovers";
    let client = pool.get().await.map_err(Error::database(looking))?;
    let row = client.query_one(COUNT_LEFT, &[]).await.map_err(Error::database(looking))?;
    let left: i64 = row.try_get("count").map_err(Error::database(looking))?;
    expect(left, 0, "the broken migration left something behind")?;
    let tick = page.paint(Look::Good, "✓");
    page.say(format!("\n{tick} nothing is left of it: no table, no view, no row in the history"));
    let audit = migrator.audit().rows().await?;
    let tried = audit.last().map(|row| (row.name.as_str(), row.outcome.as_str()));
    expect(tried, Some(("add_refunds", "failed")), "the audit does not know of the attempt")?;
    page.say(format!("{tick} the audit knows that it was tried, when, by whom, and why it failed"));
    Ok(())
}
