//! The story of a rollout, told as it happens; what it tells must be so, or it ends with an error.

use std::future::IntoFuture as _;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use upshift::deadpool_postgres::Pool;
use upshift::{Migrator, RolloutState, Verdict};
use upshift_http::{Site, axum};
use upshift_test::Server;

use super::instance::{Instance, Ledger, of};
use super::measure::Chapter;
use super::probes::{self, Heard, Probes, Said};
use super::service::{Release, hide, migrator};
use crate::error::Error;
use crate::terminal::{Look, Terminal, fold, human};

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Orders that are there before release 2.
    pub orders: u32,
    /// How long the load is measured alone.
    pub alone: Duration,
    /// Who is in the way.
    pub idler: Idler,
}

/// Whether somebody forgets to end transactions, as somebody always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idler {
    /// Nobody.
    Nobody,
    /// A session reads the table and then does nothing for seconds, its transaction open, again and again.
    Session,
}

impl Default for Size {
    fn default() -> Size {
        Size { orders: 60_000, alone: Duration::from_secs(4), idler: Idler::Nobody }
    }
}

/// Connections that send requests in each instance.
const WORKERS: usize = 4;
/// No chapter takes that long.
const PATIENCE: Duration = Duration::from_secs(180);

struct Story {
    url: String,
    page: Terminal,
    ledger: Ledger,
    /// An operator's migrator, of the second release.
    operator: Migrator,
    admin: Pool,
    /// What every chapter since release 2 came to.
    rollout: Chapter,
    idler: Option<Idle>,
    probes: Probes,
}

/// Tells it on a server of its own.
///
/// # Errors
/// No PostgreSQL on this machine, or something did not go as it is told.
pub async fn run(terminal: Terminal, size: Size) -> Result<(), Error> {
    let began = Instant::now();
    let server = Server::start()?;
    terminal.say(format!(
        "\n{}: orders.status becomes orders.status_id while two releases serve",
        terminal.paint(Look::Bold, "upshift")
    ));
    let note = format!("on PostgreSQL {}, started for this demo and gone after it", server.version());
    terminal.say(terminal.paint(Look::Dim, note));
    let url = server.url("postgres");
    let mut story = Story::on(url, terminal.indented("   "))?;
    story.open_the_page().await?;

    let (a, b, alone) = story.release_1(size).await?;
    let (c, d) = story.release_2(size).await?;
    story.old_ones_leave(a, b).await?;
    story.the_contract_happens(&alone).await?;
    story.release_1_again(c, d).await?;
    story.probes_said()?;

    let took = human(began.elapsed());
    terminal.say(format!("\n{} in {took}, nothing is left behind", terminal.paint(Look::Bold, "Done")));
    terminal.say("The part to copy: migrations-example/releases/2 and src/rollout/service.rs\n");
    Ok(())
}

impl Story {
    fn on(url: String, page: Terminal) -> Result<Story, Error> {
        let admin = operators(&url)?;
        let operator = migrator(operators(&url)?, Release::Second, "operator");
        let ledger = Ledger::default();
        Ok(Story {
            url,
            page,
            probes: Probes::begin(&ledger),
            ledger,
            operator,
            admin,
            rollout: Chapter::default(),
            idler: None,
        })
    }

    /// Shows the operator's page at the address in UPSHIFT_PAGE, where there is one.
    async fn open_the_page(&self) -> Result<(), Error> {
        let Ok(address) = std::env::var("UPSHIFT_PAGE") else { return Ok(()) };
        let listening = |source| Error::Network { doing: format!("listen on {address}"), source };
        let listener = TcpListener::bind(&address).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let site = Site::new(self.operator.clone());
        tokio::spawn(axum::serve(listener, site.router()).into_future());
        self.say(format!("the page: http://{address}/"));
        self.say(format!("the database: {}", self.url));
        Ok(())
    }

    /// What an orchestrator has heard through all of it.
    fn probes_said(&self) -> Result<(), Error> {
        self.heading(6, "What /livez and /readyz said");
        let heard = self.probes.heard();
        self.say(self.page.paint(Look::Dim, "   after  instance  /livez  /readyz"));
        for Heard { at, host, said } in &heard {
            let (look, said) = match said {
                Said::Here { live, ready, word } => {
                    let look = if *ready == 200 { Look::Good } else { Look::Asked };
                    (look, format!("{live:<6}  {ready} {word}"))
                }
                Said::Gone => (Look::Dim, "gone".to_owned()),
            };
            let row = format!("{:>6.1} s  {host:<8}  {said}", at.as_secs_f64());
            self.say(self.page.paint(look, row));
        }
        match probes::wrong(&heard) {
            None => Ok(()),
            Some(why) => Err(Error::Story(why)),
        }
    }

    async fn release_1(&mut self, size: Size) -> Result<(Instance, Instance, Chapter), Error> {
        self.heading(1, "Release 1.0.0 serves");
        let mut a = self.start(Release::First, "a")?;
        a.serving().await?;
        self.seed(size.orders).await?;
        let mut b = self.start(Release::First, "b")?;
        b.serving().await?;
        self.news();
        self.say(format!("{} orders; instances a and b, {} connections of load", size.orders, 2 * WORKERS));
        of(&self.ledger).turn();
        tokio::time::sleep(size.alone).await;
        let alone = self.chapter()?;
        if size.idler == Idler::Session {
            self.say("somebody begins to sit idle in transactions that hold orders, 3 s each");
            self.idler = Some(Idle::begin(self.admin.clone()));
        }
        Ok((a, b, alone))
    }

    async fn release_2(&mut self, size: Size) -> Result<(Instance, Instance), Error> {
        self.heading(2, "Release 2.0.0 comes beside it: expand, backfill");
        let mut c = self.start(Release::Second, "c")?;
        c.serving().await?;
        let mut d = self.start(Release::Second, "d")?;
        d.serving().await?;
        let began = Instant::now();
        let mut shown = 0;
        loop {
            let status = self.operator.rollout().status().await?;
            self.news();
            let backfills = || status.migrations.iter().filter(|it| it.phase == upshift::Phase::Backfill);
            for backfill in backfills() {
                let RolloutState::Backfill(progress) = &backfill.state else { continue };
                if progress.rows >= shown + u64::from(size.orders) / 5 {
                    shown = progress.rows;
                    self.say(self.page.paint(Look::Dim, fold(&format!("… {progress}"))));
                }
            }
            if backfills().all(|it| it.state == RolloutState::Applied) {
                break;
            }
            self.patient(began, "the backfill")?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let rest = "select count(*) from orders where status_id is null";
        expect(self.number(rest).await?, 0, "an order has no status_id")?;
        self.say(format!("all orders have a status_id after {}; a and b serve on", human(began.elapsed())));
        self.told()?;
        Ok((c, d))
    }

    async fn old_ones_leave(&mut self, a: Instance, b: Instance) -> Result<(), Error> {
        self.heading(3, "The instances of release 1.0.0 leave, one by one");
        self.waiting(&[&a, &b]).await?;
        a.stop().await?;
        self.say("instance a has left");
        self.waiting(&[&b]).await?;
        b.stop().await?;
        self.say("instance b has left: it was the last that needed orders.status");
        self.told()
    }

    async fn the_contract_happens(&mut self, alone: &Chapter) -> Result<(), Error> {
        self.heading(4, "The contract happens by itself");
        let began = Instant::now();
        while !self.is_hidden().await? {
            self.patient(began, "the contract")?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.news();
        self.say(format!(
            "orders.status is out of the way, {} after the last one left",
            human(began.elapsed())
        ));
        // The load goes on behind it.
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.told()?;
        let (whole, added) = (&self.rollout, self.rollout.quantile(990) - alone.quantile(990));
        self.say("");
        self.say(format!("through all of it: {} requests, {} failed", whole.count(), whole.failed().len()));
        self.say(format!(
            "p99 {:.1} ms, and {:.1} ms without a rollout",
            whole.quantile(990),
            alone.quantile(990)
        ));
        self.say(self.page.paint(Look::Good, format!("no downtime; p99 {added:+.1} ms")));
        Ok(())
    }

    async fn release_1_again(&mut self, c: Instance, d: Instance) -> Result<(), Error> {
        self.heading(5, "Somebody starts release 1.0.0 again");
        let mut e = self.start(Release::First, "e")?;
        let Err(why) = e.booted().await? else {
            return Err(Error::Story("release 1 was let in behind the fence".to_owned()));
        };
        fold(&why).lines().for_each(|line| self.say(self.page.paint(Look::Bad, line)));
        drop(e);
        self.say("\nThe operator gives it back what it needs:\n");
        let report = self.operator.rollout().unhide(hide()?).await?;
        report.steps.iter().for_each(|step| self.say(format!("↩ {}", step.label)));
        let mut f = self.start(Release::First, "f")?;
        f.serving().await?;
        of(&self.ledger).turn();
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.say("instance f of release 1.0.0 serves, with all that 2.0.0 wrote meanwhile");
        let strays = "select count(*) from orders o join order_statuses s on s.id = o.status_id
            where s.name is distinct from o.status";
        expect(self.number(strays).await?, 0, "the two shapes disagree")?;
        self.told()?;
        for instance in [c, d, f] {
            instance.stop().await?;
        }
        Ok(())
    }

    /// What the status says that the contract waits for: these instances.
    async fn waiting(&self, for_whom: &[&Instance]) -> Result<(), Error> {
        let status = self.operator.rollout().status().await?;
        let contract = status.migrations.iter().find(|it| matches!(it.state, RolloutState::Gate(_)));
        let Some(RolloutState::Gate(Verdict::Closed(reasons))) = contract.map(|it| &it.state) else {
            return Err(Error::Story("the gate of the contract is not closed".to_owned()));
        };
        let label = contract.map_or("", |it| it.label.as_str());
        self.say(format!("{} {label} waits:", self.page.paint(Look::Asked, "contract")));
        for reason in reasons {
            let text = fold(&format!("  {reason}"));
            self.say(self.page.paint(Look::Dim, text));
        }
        let told: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        let named = |it: &&Instance| {
            let name = format!("orders {} on {} ", it.release.number(), it.host);
            told.iter().any(|reason| reason.contains(&name))
        };
        expect(for_whom.iter().all(named), true, "the status does not name who is waited for")
    }

    fn start(&self, release: Release, host: &'static str) -> Result<Instance, Error> {
        Instance::start(&self.url, release, host, WORKERS, &self.ledger)
    }

    async fn seed(&self, orders: u32) -> Result<(), Error> {
        let text = format!(
            "insert into orders (customer, status, total_cents)
            select 'customer ' || n, (array['placed', 'paid', 'shipped', 'delivered', 'cancelled'])[1 + n % 5], n
            from generate_series(1, {orders}) n; analyze orders"
        );
        let client = self.admin.get().await.map_err(Error::database("seed the orders"))?;
        client.batch_execute(&text).await.map_err(Error::database("seed the orders"))
    }

    async fn number(&self, text: &str) -> Result<i64, Error> {
        let client = self.admin.get().await.map_err(Error::database("look at the orders"))?;
        let row = client.query_one(text, &[]).await.map_err(Error::database("look at the orders"))?;
        row.try_get(0).map_err(Error::database("look at the orders"))
    }

    async fn is_hidden(&self) -> Result<bool, Error> {
        let hide = hide()?;
        let status = self.operator.rollout().status().await?;
        Ok(status.migrations.iter().any(|it| it.version == hide && it.state == RolloutState::Applied))
    }

    /// Ends a chapter of the rollout and says what its requests came to; none may have failed.
    fn told(&mut self) -> Result<(), Error> {
        let chapter = self.chapter()?;
        self.rollout = std::mem::take(&mut self.rollout).with(&chapter);
        Ok(())
    }

    fn chapter(&self) -> Result<Chapter, Error> {
        let chapter = of(&self.ledger).turn();
        let failed = chapter.failed();
        let look = if failed.is_empty() { Look::Good } else { Look::Bad };
        let line = format!("{} requests, {} failed", chapter.count(), failed.len());
        self.say(format!(
            "{}, p50 {:.1} ms, p99 {:.1} ms",
            self.page.paint(look, line),
            chapter.quantile(500),
            chapter.quantile(990)
        ));
        match failed.first() {
            None => Ok(chapter),
            Some(why) => Err(Error::Story(format!("a request failed: {why}"))),
        }
    }

    /// What instances applied since the last time, and said.
    fn news(&self) {
        let (applied, said) = of(&self.ledger).news();
        let mut times: Vec<(String, usize)> = Vec::new();
        for text in said {
            match times.iter_mut().find(|(known, _)| *known == text) {
                Some((_, times)) => *times += 1,
                None => times.push((text, 1)),
            }
        }
        for (text, times) in times {
            let times = if times == 1 { String::new() } else { format!(", {times} times") };
            self.say(self.page.paint(Look::Dim, fold(&format!("… {text}{times}"))));
        }
        for it in applied {
            let took = human(Duration::from_millis(it.millis));
            let mark = self.page.paint(Look::Good, "✓");
            let by = self.page.paint(Look::Dim, format!("by {}", it.host));
            self.say(format!("{mark} {:<50} {took:>9}  {by}", it.label));
        }
    }

    fn patient(&self, began: Instant, what: &str) -> Result<(), Error> {
        if began.elapsed() < PATIENCE { Ok(()) } else { Err(Error::Story(format!("{what} did not come"))) }
    }

    fn heading(&self, number: u8, text: &str) {
        let heading = self.page.paint(Look::Bold, format!("{number}  {text}"));
        self.page.indented("").say(format!("\n{heading}\n"));
    }

    fn say(&self, text: impl std::fmt::Display) {
        self.page.say(text);
    }
}

/// A session that forgets its transactions; ends with this value.
struct Idle(tokio::task::JoinHandle<Result<(), Error>>);

impl Idle {
    fn begin(pool: Pool) -> Idle {
        const READ: &str = "begin; select count(*) from (select from orders limit 1) one";
        Idle(tokio::spawn(async move {
            let client = pool.get().await.map_err(Error::database("idle in a transaction"))?;
            loop {
                client.batch_execute(READ).await.map_err(Error::database("idle in a transaction"))?;
                tokio::time::sleep(Duration::from_secs(3)).await;
                client.batch_execute("commit").await.map_err(Error::database("idle in a transaction"))?;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }))
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connections of the one who looks, which no gate waits for.
fn operators(url: &str) -> Result<Pool, Error> {
    let mut config: upshift::tokio_postgres::Config = url.parse().map_err(Error::Address)?;
    config.application_name("rollout-demo");
    let manager = upshift::deadpool_postgres::Manager::new(config, upshift::tokio_postgres::NoTls);
    Pool::builder(manager).max_size(2).build().map_err(Error::Pool)
}

/// What the story tells must be so: it is a test as well.
fn expect<T: PartialEq>(found: T, told: T, otherwise: &str) -> Result<(), Error> {
    if found == told { Ok(()) } else { Err(Error::Story(otherwise.to_owned())) }
}
