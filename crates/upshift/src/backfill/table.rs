//! The table that is filled, as the catalog has it, and the texts that go over it.

use tokio_postgres::types::{Oid, ToSql, Type};
use tokio_postgres::{Client, Row};

use super::catalog;
use crate::code::BatchRange;
use crate::context::Context;
use crate::error::{Error, Stopped};
use crate::history::backfill::Books;
use crate::history::key::{Key, KeyColumn, Side};
use crate::ident::{Ident, literal};
use crate::plan::{Batched, Bounds, Cut, Step, name_parts};
use crate::settings::milliseconds;

/// The table that is filled, and the server it lives on.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// With its schema, quoted.
    pub(super) relation: String,
    /// The table and its partitions.
    pub(super) relations: Vec<Oid>,
    pub(super) way: Way,
    pub(super) block_size: i64,
    pub(super) bytes: i64,
    /// The server's version, as its number.
    pub(super) server: i32,
    /// The process that answered: another one each time behind a pooler.
    pub(super) pid: i32,
    /// Puts back what [`PLAN_BY_INDEX`] sets.
    pub(super) plan_freely: String,
    pub(super) books: Books,
}

/// What its ranges are ranges of.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Key(Key),
    /// Pages: rows that move may be met twice, or not at all.
    Pages,
}

/// Where a batch ends is read off the index, whatever the planner thinks of sorting a part of the table for it. What has
/// no index for it then costs so much that the server would compile it.
pub(super) const PLAN_BY_INDEX: &str = "\
    set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off; set local jit = off;";

/// The least and the most one range of a page may hold: 24 bytes for its head, 28 at least for a row and its pointer.
const PAGE_HEAD: i64 = 24;
const LEAST_ROW: i64 = 28;

impl Table {
    /// Reads it: one round trip.
    pub(super) async fn read(
        context: &Context,
        client: &Client,
        step: &Step,
        batched: &Batched,
    ) -> Result<Table, Error> {
        let key = batched.header.key.as_deref().and_then(|key| name_parts(key).pop());
        let values: [(&(dyn ToSql + Sync), Type); 2] =
            [(&batched.header.table, Type::TEXT), (&key, Type::TEXT)];
        let broken = |cause| Error::database("read the table of a backfill", cause);
        // How big it is can be asked only where nobody holds it for himself alone.
        let lock = milliseconds(context.settings().timeouts.lock);
        let begin = format!("begin read only; set local lock_timeout = {lock}");
        client.batch_execute(&begin).await.map_err(broken)?;
        let rows = client.query_typed(catalog::TABLE, &values).await;
        client.batch_execute("rollback").await.map_err(broken)?;
        let rows = rows.map_err(broken)?;
        let stopped = |why| Error::backfill_stopped(&step.label, why);
        let Some(first) = rows.first() else {
            return Err(stopped(Stopped::NoTable { table: batched.header.table.clone() }));
        };
        let relation: String = first.try_get("relation").map_err(broken)?;
        let kind: String = first.try_get("kind").map_err(broken)?;
        if !matches!(kind.as_str(), "r" | "p") {
            return Err(stopped(Stopped::NotATable { table: relation }));
        }
        // It would go over the rows it sees, and its verify section would find none that is left.
        if first.try_get("hides_rows").map_err(broken)? {
            return Err(stopped(Stopped::HiddenRows { table: relation }));
        }
        let columns: Vec<KeyColumn> = rows
            .iter()
            .filter_map(|row| column(row).transpose())
            .collect::<Result<_, _>>()
            .map_err(broken)?;
        let way = match (columns.is_empty(), key) {
            (false, _) => Way::Key(Key { columns }),
            (true, Some(key)) => return Err(stopped(Stopped::NoKey { key, table: relation })),
            (true, None) => {
                refuse_pages(step, batched, &relation).map_err(stopped)?;
                Way::Pages
            }
        };
        Table::of(context, first, relation, way).map_err(broken)
    }

    fn of(context: &Context, row: &Row, relation: String, way: Way) -> Result<Table, tokio_postgres::Error> {
        let planner: String = row.try_get("planner")?;
        let mut settings = planner.split(' ').map(|it| if it == "off" { "off" } else { "on" });
        let mut next = || settings.next().unwrap_or("on");
        let plan_freely = format!(
            "set local enable_seqscan = {}; set local enable_bitmapscan = {}; set local enable_sort = {}; set local jit = {};",
            next(),
            next(),
            next(),
            next()
        );
        let books = Books::of(context.tables(), &relation, way.key());
        Ok(Table {
            relations: row.try_get("relations")?,
            block_size: row.try_get("block_size")?,
            bytes: row.try_get("bytes")?,
            server: row.try_get("version")?,
            pid: row.try_get("pid")?,
            relation,
            way,
            plan_freely,
            books,
        })
    }

    /// The names of the key's columns; none where it goes by pages.
    pub(super) fn key_names(&self) -> Vec<String> {
        let columns = self.way.key().map_or(&[][..], |key| &key.columns);
        columns.iter().map(|column| column.name.as_str().to_owned()).collect()
    }

    /// What a transaction sets so that the key's texts mean the same in every session; most types need nothing.
    pub(super) fn spelling(&self) -> &'static str {
        const PLAIN: &[&str] = &[
            "int2", "int4", "int8", "text", "varchar", "bpchar", "uuid", "oid", "name", "bool", "numeric",
            "inet", "cidr", "macaddr", "bytea",
        ];
        let is_plain = |column: &KeyColumn| {
            column.kind.strip_prefix("pg_catalog.").is_some_and(|kind| PLAIN.contains(&kind))
        };
        match self.way.key() {
            Some(key) if !key.columns.iter().all(is_plain) => {
                " set local datestyle = 'ISO'; set local intervalstyle = 'postgres'; set local extra_float_digits = 1;"
            }
            _ => "",
        }
    }

    /// The texts for a range, and how many values each of its ends has.
    ///
    /// $1 and so on are the parts of its beginning, behind them those of its end.
    pub(super) fn bounds(&self, opening: Opening, partition: Option<&str>) -> Bounds {
        match &self.way {
            Way::Key(key) => {
                let width = key.columns.len();
                let (from, to) =
                    (|at: usize| format!("${}", at + 1), move |at: usize| format!("${}", width + at + 1));
                let (sign, side) = match opening {
                    Opening::First => (">=", Side::From),
                    Opening::Later => (">", Side::Behind),
                };
                Bounds {
                    from: format!("{sign} {}", key.value(from)),
                    to: format!("<= {}", key.value(to)),
                    condition: format!(
                        "({}) and ({})",
                        key.condition(Bounds::ROW, side, from),
                        key.condition(Bounds::ROW, Side::UpTo, to)
                    ),
                    partition: None,
                }
            }
            Way::Pages => Bounds {
                from: String::new(),
                to: String::new(),
                condition: self.pages(Bounds::ROW, "$1", "$2"),
                partition: partition.map(str::to_owned),
            },
        }
    }

    /// The same for Rust code, the values written out.
    pub(super) fn range(
        &self,
        opening: Opening,
        partition: Option<&str>,
        from: &[String],
        to: &[String],
    ) -> BatchRange {
        let text = |values: &[String], at: usize| literal(values.get(at).map_or("", String::as_str));
        let condition = match &self.way {
            Way::Key(key) => {
                let side = if opening == Opening::First { Side::From } else { Side::Behind };
                let behind = key.condition(BatchRange::ROW, side, |at| text(from, at));
                let within = key.condition(BatchRange::ROW, Side::UpTo, |at| text(to, at));
                format!("(({behind}) and ({within}))")
            }
            Way::Pages => self.pages(BatchRange::ROW, &text(from, 0), &text(to, 0)),
        };
        BatchRange { table: partition.unwrap_or(&self.relation).to_owned(), condition }
    }

    /// The rows on these pages. Servers before 14 scan for a range of `ctid` the whole table, but not for a list.
    fn pages(&self, row: &str, from: &str, to: &str) -> String {
        const TID_RANGE_SCAN: i32 = 140_000;
        if self.server >= TID_RANGE_SCAN {
            let tid = |page: &str| format!("pg_catalog.format('(%s,0)', {page}::bigint)::pg_catalog.tid");
            return format!(
                "{row}.ctid operator(pg_catalog.>=) {} and {row}.ctid operator(pg_catalog.<) {}",
                tid(from),
                tid(to)
            );
        }
        let most = (self.block_size - PAGE_HEAD) / LEAST_ROW;
        format!(
            "{row}.ctid operator(pg_catalog.=) any (array(select pg_catalog.format('(%s,%s)', p.page, o.item)::pg_catalog.tid \
             from pg_catalog.generate_series({from}::bigint, {to}::bigint operator(pg_catalog.-) 1) p (page), \
             pg_catalog.generate_series(1, {most}) o (item)))"
        )
    }

    /// How many pages have about so many rows, where the whole has about `estimate`.
    pub(super) fn pages_of(&self, rows: u64, estimate: u64) -> u64 {
        let pages = u64::try_from(self.bytes / self.block_size.max(1)).unwrap_or(0);
        let a_page = (estimate / pages.max(1)).max(1);
        (rows / a_page).max(1)
    }

    /// About how many rows are on so many pages.
    pub(super) fn rows_on(&self, pages: u64, estimate: u64) -> u64 {
        let all = u64::try_from(self.bytes / self.block_size.max(1)).unwrap_or(0).max(1);
        pages.saturating_mul(estimate) / all
    }
}

/// Whether a range begins with its first row, or behind the row that its predecessor ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    First,
    Later,
}

impl Way {
    pub(super) fn key(&self) -> Option<&Key> {
        match self {
            Way::Key(key) => Some(key),
            Way::Pages => None,
        }
    }
}

/// What a table without a key asks of a migration.
fn refuse_pages(step: &Step, batched: &Batched, relation: &str) -> Result<(), Stopped> {
    let table = relation.to_owned();
    if batched.inserts() {
        return Err(Stopped::Twice { table });
    }
    let written = matches!(&batched.body, crate::plan::BatchBody::Statement { cut: Cut::Written(_), .. });
    if written {
        return Err(Stopped::NoEnds { table });
    }
    if step.verify.is_none() {
        return Err(Stopped::NoVerify { table });
    }
    Ok(())
}

fn column(row: &Row) -> Result<Option<KeyColumn>, tokio_postgres::Error> {
    let Some(name) = row.try_get::<_, Option<String>>("column")? else { return Ok(None) };
    Ok(Some(KeyColumn {
        name: Ident::of_server(name),
        kind: row.try_get("type")?,
        operators: Ident::of_server(row.try_get("operators")?),
    }))
}
