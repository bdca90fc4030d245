//! Orders: what they are, and the SQL behind them.

use serde::{Deserialize, Serialize};
use upshift::deadpool_postgres::{Client, Pool, PoolError, Transaction};
use upshift::tokio_postgres::Row;
use upshift::tokio_postgres::error::SqlState;

/// An order as a customer gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// Who orders.
    pub customer: NewCustomer,
    /// The currency of all its prices.
    pub currency: String,
    /// What is ordered.
    pub lines: Vec<NewLine>,
}

/// A customer, known by the address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    /// The address.
    pub email: String,
    /// What a letter begins with.
    pub given_name: String,
    /// The rest of the name, where there is one.
    pub family_name: Option<String>,
}

/// So many of one product.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// The product.
    pub sku: String,
    /// How many.
    pub quantity: i32,
}

/// An order in one line.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Its number.
    pub id: i64,
    /// Where it stands.
    pub status: String,
    /// Who ordered.
    pub customer: String,
    /// How many articles it has.
    pub articles: i64,
    /// What it costs, as a person writes it.
    pub total: String,
    /// In which currency.
    pub currency: String,
    /// When it was placed, in UTC.
    pub placed_at: Option<String>,
}

/// An order with its lines.
#[derive(Debug, Clone, Serialize)]
pub struct Order {
    /// All but the lines.
    #[serde(flatten)]
    pub summary: Summary,
    /// The lines.
    pub lines: Vec<Line>,
}

/// A line of an order.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The product.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// How many.
    pub quantity: i32,
    /// What they cost together, in the currency's smallest unit.
    pub total_minor: i64,
}

/// Why something could not be done with an order.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// No such shop.
    #[error("there is no shop `{0}`")]
    UnknownShop(String),
    /// No such order in this shop.
    #[error("there is no order {0}")]
    NotFound(i64),
    /// The shop does not sell it for this currency.
    #[error("the shop does not sell `{sku}` for {currency}")]
    UnknownProduct {
        /// What was asked for.
        sku: String,
        /// The order's currency.
        currency: String,
    },
    /// Nothing was ordered.
    #[error("an order needs at least one line")]
    Empty,
    /// A rule of the schema says no; the name of the constraint tells which.
    #[error("the order breaks the rule `{0}`")]
    Rule(String),
    /// No connection.
    #[error("no connection to the database")]
    Pool(#[from] PoolError),
    /// The database failed.
    #[error("the database failed")]
    Database(#[source] upshift::tokio_postgres::Error),
}

impl From<upshift::tokio_postgres::Error> for OrderError {
    fn from(error: upshift::tokio_postgres::Error) -> OrderError {
        let rules = [SqlState::CHECK_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION, SqlState::UNIQUE_VIOLATION];
        match error.as_db_error() {
            Some(said) if rules.contains(said.code()) => {
                let rule = said.constraint().unwrap_or_else(|| said.message());
                OrderError::Rule(rule.to_owned())
            }
            _ => OrderError::Database(error),
        }
    }
}

const FIND_SHOP: &str = "select id from shops where slug = $1";

const ENTER_SHOP: &str = "select set_config('orders.shop_id', $1::bigint::text, true)";

const KEEP_CUSTOMER: &str = "\
    insert into customers (shop_id, email, given_name, family_name)
    values (current_shop(), $1, $2, $3)
    on conflict (shop_id, lower(email)) do update
        set given_name = excluded.given_name, family_name = excluded.family_name
    returning id";

const FIND_STRANGE_PRODUCT: &str = "\
    select line.sku
    from unnest($1::text[]) as line (sku)
    where not exists (select from products where products.sku = line.sku and products.currency = $2)
    limit 1";

const INSERT_ORDER: &str = "\
    insert into orders (shop_id, customer_id, status, currency, placed_at)
    values (current_shop(), $1, 'placed', $2, now())
    returning id";

const INSERT_LINES: &str = "\
    insert into order_lines (shop_id, order_id, product_id, quantity, unit_price_minor)
    select products.shop_id, $1, products.id, line.quantity, products.price_minor
    from unnest($2::text[], $3::integer[]) as line (sku, quantity)
    join products on products.sku = line.sku";

const READ_SUMMARIES: &str = "\
    select id, status::text, customer, articles, total::text, currency,
           to_char(placed_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as placed
    from order_summary
    where $1::bigint is null or id = $1
    order by order_summary.placed_at desc nulls first, id desc
    limit 50";

const READ_LINES: &str = "\
    select products.sku, products.name, order_lines.quantity, order_lines.line_total_minor
    from order_lines
    join products on products.id = order_lines.product_id
    where order_lines.order_id = $1
    order by order_lines.id";

/// Places an order; the prices are today's.
///
/// # Errors
/// The shop or a product is not known, a rule of the schema is broken, or the database fails.
pub async fn place(pool: &Pool, shop: &str, new: &NewOrder) -> Result<Order, OrderError> {
    if new.lines.is_empty() {
        return Err(OrderError::Empty);
    }
    let (skus, quantities): (Vec<&str>, Vec<i32>) =
        new.lines.iter().map(|line| (line.sku.as_str(), line.quantity)).unzip();
    let mut client = pool.get().await?;
    let inside = enter(&mut client, shop).await?;
    if let Some(row) = inside.query_opt(FIND_STRANGE_PRODUCT, &[&skus, &new.currency]).await? {
        return Err(OrderError::UnknownProduct { sku: row.try_get("sku")?, currency: new.currency.clone() });
    }
    let NewCustomer { email, given_name, family_name } = &new.customer;
    let customer = inside.query_one(KEEP_CUSTOMER, &[email, given_name, family_name]).await?;
    let customer: i64 = customer.try_get("id")?;
    let id: i64 = inside.query_one(INSERT_ORDER, &[&customer, &new.currency]).await?.try_get("id")?;
    inside.execute(INSERT_LINES, &[&id, &skus, &quantities]).await?;
    let order = read_one(&inside, id).await?;
    inside.commit().await?;
    Ok(order)
}

/// An order of this shop.
///
/// # Errors
/// The shop does not exist or has no such order, or the database fails.
pub async fn read(pool: &Pool, shop: &str, id: i64) -> Result<Order, OrderError> {
    let mut client = pool.get().await?;
    read_one(&enter(&mut client, shop).await?, id).await
}

/// The newest orders of this shop.
///
/// # Errors
/// The shop does not exist, or the database fails.
pub async fn list(pool: &Pool, shop: &str) -> Result<Vec<Summary>, OrderError> {
    let mut client = pool.get().await?;
    let inside = enter(&mut client, shop).await?;
    let rows = inside.query(READ_SUMMARIES, &[&None::<i64>]).await?;
    Ok(rows.iter().map(summary).collect::<Result<_, _>>()?)
}

/// A transaction that sees this shop alone.
async fn enter<'c>(client: &'c mut Client, shop: &str) -> Result<Transaction<'c>, OrderError> {
    let inside = client.transaction().await?;
    let found = inside.query_opt(FIND_SHOP, &[&shop]).await?;
    let id: i64 = found.ok_or_else(|| OrderError::UnknownShop(shop.to_owned()))?.try_get("id")?;
    inside.execute(ENTER_SHOP, &[&id]).await?;
    Ok(inside)
}

async fn read_one(inside: &Transaction<'_>, id: i64) -> Result<Order, OrderError> {
    let row = inside.query_opt(READ_SUMMARIES, &[&Some(id)]).await?.ok_or(OrderError::NotFound(id))?;
    let lines = inside.query(READ_LINES, &[&id]).await?;
    let line = |row: &Row| {
        Ok(Line {
            sku: row.try_get("sku")?,
            name: row.try_get("name")?,
            quantity: row.try_get("quantity")?,
            total_minor: row.try_get("line_total_minor")?,
        })
    };
    let lines = lines.iter().map(line).collect::<Result<_, upshift::tokio_postgres::Error>>()?;
    Ok(Order { summary: summary(&row)?, lines })
}

fn summary(row: &Row) -> Result<Summary, upshift::tokio_postgres::Error> {
    Ok(Summary {
        id: row.try_get("id")?,
        status: row.try_get("status")?,
        customer: row.try_get("customer")?,
        articles: row.try_get("articles")?,
        total: row.try_get("total")?,
        currency: row.try_get("currency")?,
        placed_at: row.try_get("placed")?,
    })
}
