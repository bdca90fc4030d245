//! Requests of every shape, as each release sends them; each reads back what it wrote.

use upshift::Shape;
use upshift::deadpool_postgres::{Client, Pool};
use upshift::tokio_postgres::types::ToSql;
use upshift::tokio_postgres::{Row, SimpleQueryMessage};

/// What a request came to: nothing, or why it failed.
pub type Answer = Result<(), String>;

const STATUSES: [&str; 5] = ["placed", "paid", "shipped", "delivered", "cancelled"];

/// A worker's dice (SplitMix64): repeatable, and good enough to mix requests.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    fn status(&mut self) -> &'static str {
        STATUSES[self.below(STATUSES.len() as u64) as usize]
    }
}

/// The SQL of one shape: where a status is read, and how one is written.
struct Sql {
    /// The column that is written.
    column: &'static str,
    /// What is written into it for the text in `$1`.
    written: &'static str,
    /// The text of an order's status.
    read: &'static str,
    /// What an order is read from.
    from: &'static str,
}

const OLD: Sql = Sql { column: "status", written: "$1::text", read: "orders.status", from: "orders" };
const NEW: Sql = Sql {
    column: "status_id",
    written: "(select id from order_statuses where name = $1::text)",
    read: "order_statuses.name",
    from: "orders join order_statuses on order_statuses.id = orders.status_id",
};

/// One request, thrown by the dice, in this shape.
///
/// # Errors
/// In words: the database refused it, or what was read is not what was written.
pub async fn one(pool: &Pool, shape: Shape, dice: &mut Dice) -> Answer {
    let client = pool.get().await.map_err(|error| error.to_string())?;
    let sql = match shape {
        Shape::Old => &OLD,
        Shape::New => &NEW,
    };
    let request = Request { client, sql, dice };
    request.thrown().await.map_err(|error| format!("{shape:?} shape: {error}"))
}

struct Request<'r> {
    client: Client,
    sql: &'r Sql,
    dice: &'r mut Dice,
}

impl Request<'_> {
    async fn thrown(mut self) -> Answer {
        match self.dice.below(100) {
            0..20 => self.place().await,
            20..25 => self.place_by_default().await,
            25..50 => self.find().await,
            50..60 => self.list().await,
            60..80 => self.advance().await,
            80..85 => self.advance_many().await,
            85..90 => self.upsert().await,
            90..93 => self.place_many().await,
            93..97 => self.count().await,
            _ => self.delete().await,
        }
    }

    async fn rows(&self, text: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, String> {
        self.client.query(text, values).await.map_err(words)
    }

    /// An order of a few thousand ago that may still be there.
    async fn some(&mut self) -> Result<i64, String> {
        let rows = self.rows("select max(id) from orders", &[]).await?;
        let last: Option<i64> = first(&rows)?;
        Ok((last.unwrap_or(1) - self.dice.below(5_000) as i64).max(1))
    }

    /// Places an order and reads it back, in one transaction: nobody else can have changed it in between.
    async fn place_as(&mut self, insert: &str, values: &[&(dyn ToSql + Sync)], status: &str) -> Answer {
        let Sql { read, from, .. } = self.sql;
        let inside = self.client.transaction().await.map_err(words)?;
        let id: i64 = first(&inside.query(insert, values).await.map_err(words)?)?;
        let text = format!("select {read} from {from} where orders.id = $1");
        let found: String = first(&inside.query(&text, &[&id]).await.map_err(words)?)?;
        inside.commit().await.map_err(words)?;
        if found == status {
            Ok(())
        } else {
            Err(format!("order {id} was placed as {status} and is {found}"))
        }
    }

    async fn place(&mut self) -> Answer {
        let Sql { column, written, .. } = self.sql;
        let status = self.dice.status();
        let text = format!(
            "insert into orders (customer, {column}, total_cents) values ('ada', {written}, 1250) returning id"
        );
        self.place_as(&text, &[&status], status).await
    }

    async fn place_by_default(&mut self) -> Answer {
        let text = "insert into orders (customer, total_cents) values ('bob', 990) returning id";
        self.place_as(text, &[], "placed").await
    }

    async fn find(&mut self) -> Answer {
        let Sql { read, from, .. } = self.sql;
        let id = self.some().await?;
        let text = format!(
            "select orders.id, orders.customer, {read}, orders.total_cents from {from} where orders.id = $1"
        );
        self.rows(&text, &[&id]).await.map(drop)
    }

    async fn list(&mut self) -> Answer {
        let Sql { read, from, .. } = self.sql;
        let status = self.dice.status();
        let text = format!(
            "select orders.id, orders.customer from {from} where {read} = $1 order by orders.id desc limit 20"
        );
        self.rows(&text, &[&status]).await.map(drop)
    }

    async fn advance(&mut self) -> Answer {
        let Sql { column, written, .. } = self.sql;
        let (id, status) = (self.some().await?, self.dice.status());
        let client = &mut self.client;
        let inside = client.transaction().await.map_err(words)?;
        let text = format!("update orders set {column} = {written} where id = $2");
        inside.execute(&text, &[&status, &id]).await.map_err(words)?;
        inside.commit().await.map_err(words)
    }

    /// A batch that a nightly job would do: a few dozen orders at once.
    async fn advance_many(&mut self) -> Answer {
        let Sql { column, written, .. } = self.sql;
        let (id, status) = (self.some().await?, self.dice.status());
        // In the order of the key, as two such batches must be so that neither waits for the other in a circle.
        let text = format!(
            "update orders set {column} = {written} where id in (
                select id from orders where id between $2 and $2 + 20 order by id for update)"
        );
        self.rows(&text, &[&status, &id]).await.map(drop)
    }

    async fn upsert(&mut self) -> Answer {
        let Sql { column, written, .. } = self.sql;
        let (id, status) = (self.some().await?, self.dice.status());
        // Below a number that was given out: in an empty table it would take the next order's.
        let text = format!(
            "insert into orders (id, customer, {column}, total_cents)
            select $2::bigint, 'eve', {written}, 1 where exists (select from orders where id >= $2::bigint)
            on conflict (id) do update set {column} = excluded.{column}"
        );
        self.rows(&text, &[&status, &id]).await.map(drop)
    }

    async fn place_many(&mut self) -> Answer {
        let Sql { column, written, .. } = self.sql;
        let status = self.dice.status();
        let text = format!(
            "insert into orders (customer, {column}, total_cents)
            select 'shop ' || n, {written}, n from generate_series(1, 10) n"
        );
        self.rows(&text, &[&status]).await.map(drop)
    }

    async fn count(&mut self) -> Answer {
        let Sql { read, from, .. } = self.sql;
        let id = self.some().await?;
        // Through the simple protocol, as a dashboard asks.
        let text = format!("select {read}, count(*) from {from} where orders.id > {id} group by 1");
        let answers = self.client.simple_query(&text).await.map_err(words)?;
        let rows = answers.iter().filter(|it| matches!(it, SimpleQueryMessage::Row(_))).count();
        if rows <= STATUSES.len() { Ok(()) } else { Err(format!("{rows} statuses")) }
    }

    async fn delete(&mut self) -> Answer {
        let id = self.some().await?;
        self.rows("delete from orders where id = $1", &[&id]).await.map(drop)
    }
}

/// What the server said, with its code.
fn words(error: upshift::tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => error.to_string(),
    }
}

fn first<T>(rows: &[Row]) -> Result<T, String>
where
    T: for<'r> upshift::tokio_postgres::types::FromSql<'r>,
{
    let row = rows.first().ok_or("no row")?;
    row.try_get(0).map_err(|error| error.to_string())
}
