//! The key whose ranges are the batches of a backfill, and the conditions over it. Pure.

use std::fmt::Write;

use crate::ident::Ident;

/// The columns that order a table, none of which is ever null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// At least one.
    pub(crate) columns: Vec<KeyColumn>,
}

/// One column of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyColumn {
    pub(crate) name: Ident,
    /// Its type, with its schema, quoted.
    pub(crate) kind: String,
    /// The schema of the operators its index is ordered by: another one than the catalog's for `citext` and its like.
    pub(crate) operators: Ident,
}

/// How a row of the table stands to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Behind it.
    Behind,
    /// At it, or behind it.
    From,
    /// Before it, or at it.
    UpTo,
}

impl Key {
    /// The columns as one array of texts; `row` is what their names are qualified with.
    pub(crate) fn array(&self, row: &str) -> String {
        let columns = self.columns.iter().map(|column| format!("{row}.{}::varchar", column.name));
        format!("array[{}]", columns.collect::<Vec<_>>().join(", "))
    }

    /// What ORDER BY wants: the default order of each type is the index's, and is looked up by no name.
    pub(crate) fn order(&self, row: &str, direction: &str) -> String {
        let columns = self.columns.iter().map(|column| format!("{row}.{}{direction}", column.name));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// A value of the key: `value` gives the text of each part, by its place from 0.
    pub(crate) fn value(&self, value: impl Fn(usize) -> String) -> String {
        match self.parts(value).as_slice() {
            [one] => one.clone(),
            more => format!("row({})", more.join(", ")),
        }
    }

    /// The condition that a row stands at this side of a value.
    ///
    /// The operators are those of the index. A comparison of rows takes all of its operators from one schema, so with
    /// several it is written out.
    pub(crate) fn condition(&self, row: &str, side: Side, value: impl Fn(usize) -> String) -> String {
        let values = self.parts(value);
        let sign = match side {
            Side::Behind => ">",
            Side::From => ">=",
            Side::UpTo => "<=",
        };
        let name = |at: usize| self.columns.get(at).map_or(String::new(), |it| format!("{row}.{}", it.name));
        let operator = |at: usize, sign: &str| {
            let schema = self.columns.get(at).map_or(String::new(), |it| it.operators.to_string());
            format!("operator({schema}.{sign})")
        };
        if let [one] = values.as_slice() {
            return format!("{} {} {one}", name(0), operator(0, sign));
        }
        let first = self.columns.first().map(|it| &it.operators);
        if self.columns.iter().all(|it| Some(&it.operators) == first) {
            let names: Vec<String> = (0..self.columns.len()).map(name).collect();
            return format!("row({}) {} row({})", names.join(", "), operator(0, sign), values.join(", "));
        }
        self.written_out(side, &values, &name, &operator)
    }

    /// `a >= x and (a > x or (a = x and b > y))`: the first comparison is for the index.
    fn written_out(
        &self,
        side: Side,
        values: &[String],
        name: &dyn Fn(usize) -> String,
        operator: &dyn Fn(usize, &str) -> String,
    ) -> String {
        let (strict, loose) = if side == Side::UpTo { ("<", "<=") } else { (">", ">=") };
        let last = values.len().saturating_sub(1);
        let mut text = String::new();
        for (at, value) in values.iter().enumerate() {
            let (name, is_last) = (name(at), at == last);
            if is_last {
                let sign = if side == Side::Behind { strict } else { loose };
                let _ = write!(text, "{name} {} {value}", operator(at, sign));
            } else {
                let (strict, equal) = (operator(at, strict), operator(at, "="));
                let _ = write!(text, "({name} {strict} {value} or {name} {equal} {value} and ");
            }
        }
        text.push_str(&")".repeat(last));
        let first = values.first().map_or("", String::as_str);
        format!("{} {} {first} and {text}", name(0), operator(0, loose))
    }

    fn parts(&self, value: impl Fn(usize) -> String) -> Vec<String> {
        let part = |(at, column): (usize, &KeyColumn)| format!("{}::{}", value(at), column.kind);
        self.columns.iter().enumerate().map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(columns: &[(&str, &str, &str)]) -> Key {
        let column = |(name, kind, schema): &(&str, &str, &str)| KeyColumn {
            name: Ident::new(*name).unwrap(),
            kind: (*kind).to_owned(),
            operators: Ident::new(*schema).unwrap(),
        };
        Key { columns: columns.iter().map(column).collect() }
    }

    #[test]
    fn a_condition_uses_the_operators_of_the_index() {
        let one = key(&[("id", "pg_catalog.int8", "pg_catalog")]);
        let two =
            key(&[("tenant", "pg_catalog.uuid", "pg_catalog"), ("No", "pg_catalog.int4", "pg_catalog")]);
        let mixed = key(&[("mail", "public.citext", "public"), ("id", "pg_catalog.int8", "pg_catalog")]);
        let value = |at: usize| format!("${}", at + 1);
        for (key, side, expected) in [
            (&one, Side::Behind, r#"o."id" operator("pg_catalog".>) $1::pg_catalog.int8"#),
            (&one, Side::UpTo, r#"o."id" operator("pg_catalog".<=) $1::pg_catalog.int8"#),
            (
                &two,
                Side::From,
                r#"row(o."tenant", o."No") operator("pg_catalog".>=) row($1::pg_catalog.uuid, $2::pg_catalog.int4)"#,
            ),
            (
                &mixed,
                Side::Behind,
                r#"o."mail" operator("public".>=) $1::public.citext and (o."mail" operator("public".>) $1::public.citext or o."mail" operator("public".=) $1::public.citext and o."id" operator("pg_catalog".>) $2::pg_catalog.int8)"#,
            ),
            (
                &mixed,
                Side::UpTo,
                r#"o."mail" operator("public".<=) $1::public.citext and (o."mail" operator("public".<) $1::public.citext or o."mail" operator("public".=) $1::public.citext and o."id" operator("pg_catalog".<=) $2::pg_catalog.int8)"#,
            ),
        ] {
            assert_eq!(key.condition("o", side, value), expected);
        }
        assert_eq!(two.value(value), "row($1::pg_catalog.uuid, $2::pg_catalog.int4)");
        assert_eq!(two.order("o", " desc"), r#"o."tenant" desc, o."No" desc"#);
        assert_eq!(two.array("o"), r#"array[o."tenant"::varchar, o."No"::varchar]"#);
    }
}
