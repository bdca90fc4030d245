//! A database that was there before the first migration: the catalogue of a schema that somebody wrote down.

use upshift_files::sql::{self, StatementKind, SyntaxError};

use super::{Catalog, Origin};
use crate::read;

impl Catalog {
    /// The catalogue that a script makes, such as `pg_dump --schema-only` writes: for a set whose first migration finds
    /// tables already. [`Options::existing`](crate::Options::existing) takes it.
    ///
    /// The lines `\restrict` and `\unrestrict` of pg_dump, which are for psql, are passed over.
    ///
    /// ```
    /// use upshift_lint::{Catalog, statement::Name};
    /// let catalog = Catalog::of_script("create table public.orders (id bigint primary key);")?;
    /// assert!(catalog.table(&Name::bare("orders")).is_some());
    /// # Ok::<(), upshift_files::sql::SyntaxError>(())
    /// ```
    ///
    /// # Errors
    /// The script cannot be cut into statements: an unterminated quote, another command of psql.
    pub fn of_script(script: &str) -> Result<Catalog, SyntaxError> {
        // As many bytes as before, so that the place of a mistake stays what it is.
        let for_psql = |line: &str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
        let blank =
            |line: &str| if for_psql(line) { " ".repeat(line.len() - 1) + "\n" } else { line.to_owned() };
        let text: String = script.split_inclusive('\n').map(blank).collect();
        let mut catalog = Catalog::default();
        catalog.begin(Origin::Existing);
        for cut in sql::split(&text)? {
            match cut.kind {
                StatementKind::CopyFromStdin { .. } => {}
                _ => catalog.apply(&read(&text, &cut)),
            }
        }
        Ok(catalog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Name;

    #[test]
    fn what_pg_dump_writes_is_the_start() {
        let dump = "\
\\restrict 2qWtY
-- Dumped from database version 15.18
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.orders (
    id bigint NOT NULL,
    status text DEFAULT 'new'::text NOT NULL
);
ALTER TABLE public.orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.orders_id_seq
    START WITH 1
);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
\\unrestrict 2qWtY
";
        let catalog = Catalog::of_script(dump).unwrap();
        let orders = Name::bare("orders");
        assert_eq!(catalog.key_columns(&orders), ["id"]);
        assert_eq!(catalog.relation(&orders).map(|orders| orders.origin), Some(Origin::Existing));
        assert!(catalog.column(&orders, "status").is_some_and(|column| column.not_null));
        assert!(Catalog::of_script("\\connect other\n").is_err());
    }
}
