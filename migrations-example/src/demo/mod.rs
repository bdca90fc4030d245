//! The demo: everything a newcomer should see, on a server of its own, in seconds.

mod instance;
mod mistake;

use std::time::Instant;

use serde_json::{Value, json};
use upshift::deadpool_postgres::Pool;
use upshift::{AuditVerdict, DownTarget, HistoryRow, Migrator, State};
use upshift_test::Server;

use crate::boot;
use crate::caller::{Answer, Caller};
use crate::error::Error;
use crate::terminal::{Look, Terminal, human};
use instance::Instance;

/// The shop the demo sells in.
const SHOP: &str = "tea-house";

/// Runs the demo to its end.
///
/// # Errors
/// No PostgreSQL on this machine, or something did not go as it is told.
pub async fn run(terminal: Terminal) -> Result<(), Error> {
    let began = Instant::now();
    let server = Server::start()?;
    let page = terminal.indented("   ");
    terminal.say(format!(
        "\n{}: an order service that migrates itself at boot",
        terminal.paint(Look::Bold, "upshift")
    ));
    let note = format!("on PostgreSQL {}, started for this demo and gone after it", server.version());
    terminal.say(terminal.paint(Look::Dim, note));

    let url = create_database(&server).await?;
    first_boot(&url, page).await?;
    let instance = second_boot(&url, page).await?;
    back_and_forth(&instance, page).await?;
    instance.stop().await?;
    mistake::show(&boot::pool(&url)?, page).await?;

    let took = human(began.elapsed());
    terminal.say(format!("\n{} in {took}, nothing is left behind", terminal.paint(Look::Bold, "Done")));
    terminal.say("The part to copy: migrations-example/src/boot.rs, and the migrations beside it\n");
    Ok(())
}

/// The service's own role owns its database, as it should in production: row-level security excuses superusers.
async fn create_database(server: &Server) -> Result<String, Error> {
    let admin = boot::pool(&server.url("postgres"))?;
    for sql in ["create role orders login", "create database orders owner orders"] {
        execute(&admin, "create the database", sql).await?;
    }
    let admin = format!("{}@", server.superuser());
    Ok(server.url("orders").replacen(&admin, "orders@", 1))
}

async fn first_boot(url: &str, page: Terminal) -> Result<(), Error> {
    heading(page, 1, "The first boot finds an empty database");
    let instance = Instance::boot(url, page).await?;
    page.say(format!("serving on http://{}\n", instance.address));

    let pool = boot::pool(url)?;
    execute(&pool, "open a shop", OPEN_SHOP).await?;
    let caller = Caller { address: instance.address, shop: SHOP };
    ask_health(&caller, page).await?;
    let order = json!({
        "customer": { "email": "ada@example.com", "given_name": "Ada", "family_name": "Lovelace" },
        "currency": "EUR",
        "lines": [{ "sku": "assam", "quantity": 2 }, { "sku": "teapot", "quantity": 1 }],
    });
    let placed = caller.post("/orders", &order).await?;
    show(page, "POST /orders", &placed, &in_words(&placed.body));
    expect(placed.status, 201, "the order was not placed")?;
    let path = format!("/orders/{}", placed.body["id"]);
    let read = caller.get(&path).await?;
    show(page, &format!("GET  {path}"), &read, &in_words(&read.body));
    expect(read.body, placed.body, "the order reads otherwise than it was placed")?;
    instance.stop().await
}

const OPEN_SHOP: &str = "
    with shop as (insert into shops (slug, name) values ('tea-house', 'The Tea House') returning id)
    select set_config('orders.shop_id', id::text, false) from shop;
    insert into products (shop_id, sku, name, currency, price_minor)
    values (current_shop(), 'assam', 'Assam, 100 g', 'EUR', 640),
           (current_shop(), 'teapot', 'Teapot', 'EUR', 2950);
    reset orders.shop_id";

async fn second_boot(url: &str, page: Terminal) -> Result<Instance, Error> {
    heading(page, 2, "The second boot finds nothing to do");
    let instance = Instance::boot(url, page).await?;
    expect(instance.report.steps.len(), 0, "the second boot found something to do")?;
    page.say("that is connecting and one round trip: no lock taken, nothing written");
    Ok(instance)
}

async fn back_and_forth(instance: &Instance, page: Terminal) -> Result<(), Error> {
    heading(page, 3, "Two migrations are reverted, and applied again");
    let caller = Caller { address: instance.address, shop: SHOP };
    let migrator = &instance.migrator;
    migrator.down(DownTarget::Steps(2)).await?;
    page.say("");
    show_status(migrator, page).await?;
    page.say("");
    let health = ask_health(&caller, page).await?;
    expect(health, 503, "the service calls itself healthy on an old schema")?;
    page.say("");
    let report = migrator.run().await?;
    // The two, and the view: a repeatable is applied again after what it may stand on.
    expect(report.steps.len(), 3, "what was reverted was not applied again")?;
    page.say("");
    let health = ask_health(&caller, page).await?;
    expect(health, 200, "the service does not call itself healthy again")?;
    let order = caller.get("/orders/1").await?;
    show(page, "GET  /orders/1", &order, &in_words(&order.body));
    expect(order.status, 200, "the order did not survive")?;
    match migrator.audit().verify().await? {
        AuditVerdict::Whole { rows } => {
            let whole = page.paint(Look::Good, "whole");
            page.say(format!("\naudit: {rows} entries, the chain of their hashes is {whole}"));
            Ok(())
        }
        AuditVerdict::Broken(row) => Err(Error::Story(format!("audit entry {}: {}", row.id, row.why))),
    }
}

/// The last lines of the status: enough to see what is pending.
async fn show_status(migrator: &Migrator, page: Terminal) -> Result<(), Error> {
    const SHOWN: usize = 5;
    let status = migrator.status().await?;
    let (earlier, last) = status.migrations.split_at(status.migrations.len().saturating_sub(SHOWN));
    let applied = earlier.iter().filter(|migration| migration.state == State::Applied).count();
    expect(applied, earlier.len(), "an early migration is not applied")?;
    page.say(page.paint(Look::Dim, format!("{:<40} applied", format!("status: {applied} earlier ones"))));
    for migration in last {
        let (look, by) = match (&migration.state, &migration.applied) {
            (State::Applied, Some(row)) => (Look::Good, by(row)),
            _ => (Look::Asked, String::new()),
        };
        let state = page.paint(look, format!("{:<8}", migration.state.to_string()));
        page.say(format!("{:<40} {state} {}", migration.label, page.paint(Look::Dim, by)).trim_end());
    }
    Ok(())
}

/// Who applied it.
fn by(row: &HistoryRow) -> String {
    format!("by {} {}", row.service.as_deref().unwrap_or("?"), row.release.as_deref().unwrap_or("?"))
}

async fn ask_health(caller: &Caller, page: Terminal) -> Result<u16, Error> {
    let ready = caller.get("/upshift/readyz").await?;
    let health = &ready.body["health"];
    let words = match health["which"].as_array() {
        Some(pending) => format!("the schema is behind: {} migrations are pending", pending.len()),
        None => health["text"].as_str().unwrap_or("nothing is known").to_owned(),
    };
    show(page, "GET  /upshift/readyz", &ready, &words);
    Ok(ready.status)
}

/// An order as a person reads it.
fn in_words(order: &Value) -> String {
    let text = |key: &str| order[key].as_str().unwrap_or("?").to_owned();
    format!(
        "{} {} {} articles for {} {}",
        text("customer"),
        text("status"),
        order["articles"],
        text("total"),
        text("currency")
    )
}

fn heading(page: Terminal, number: u8, text: &str) {
    page.indented("").say(format!("\n{}\n", page.paint(Look::Bold, format!("{number}  {text}"))));
}

fn show(page: Terminal, call: &str, answer: &Answer, words: &str) {
    let look = if answer.status < 400 { Look::Good } else { Look::Bad };
    let status = page.paint(look, answer.status);
    page.say(format!("{} {status}  {words}", page.paint(Look::Asked, format!("{call:<15}"))));
}

/// What the demo tells must be so: it is a test as well.
fn expect<T: PartialEq>(found: T, told: T, otherwise: &str) -> Result<(), Error> {
    if found == told { Ok(()) } else { Err(Error::Story(otherwise.to_owned())) }
}

async fn execute(pool: &Pool, doing: &'static str, sql: &str) -> Result<(), Error> {
    let client = pool.get().await.map_err(Error::database(doing))?;
    client.batch_execute(sql).await.map_err(Error::database(doing))
}
