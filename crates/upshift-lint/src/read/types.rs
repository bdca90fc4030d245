//! Types: `numeric(10,2)`, `timestamp(3) with time zone`, `shop.mood[]`.

use super::cursor::{Cursor, Reading};
use crate::statement::{Name, TypeName};

/// Reads a type.
pub(crate) fn type_name(cursor: &mut Cursor<'_>) -> Reading<TypeName> {
    cursor.eat("setof");
    let mut read = match spelled_out(cursor)? {
        Some(read) => read,
        None => named(cursor)?,
    };
    while cursor.eat_sign("[") {
        cursor.skip_while(|c| !c.is_sign("]"));
        cursor.require_sign("]")?;
        read.dimensions += 1;
    }
    if cursor.eat("array") {
        read.dimensions = 1;
        if cursor.eat_sign("[") {
            cursor.skip_while(|c| !c.is_sign("]"));
            cursor.require_sign("]")?;
        }
    }
    Ok(read)
}

/// A type whose name is more than one word, or whose words come after its modifiers.
fn spelled_out(cursor: &mut Cursor<'_>) -> Reading<Option<TypeName>> {
    for (words, name) in [
        ("double precision", "double precision"),
        ("character varying", "character varying"),
        ("char varying", "character varying"),
        ("national character varying", "character varying"),
        ("national char varying", "character varying"),
        ("nchar varying", "character varying"),
        ("national character", "character"),
        ("national char", "character"),
        ("bit varying", "bit varying"),
    ] {
        if cursor.eat(words) {
            return Ok(Some(TypeName {
                name: Name::bare(name),
                modifiers: modifiers(cursor)?,
                dimensions: 0,
            }));
        }
    }
    for time in ["timestamp", "time"] {
        if cursor.is(time) && !cursor.is_sign_at(1, ".") {
            cursor.advance();
            let modifiers = modifiers(cursor)?;
            let zone =
                cursor.eat_one_of(&["with time zone", "without time zone"]).unwrap_or("without time zone");
            return Ok(Some(TypeName {
                name: Name::bare(format!("{time} {zone}")),
                modifiers,
                dimensions: 0,
            }));
        }
    }
    if cursor.is("interval") && !cursor.is_sign_at(1, ".") {
        cursor.advance();
        let mut all = Vec::new();
        let fields = ["year", "month", "day", "hour", "minute", "second"];
        if let Some(first) = cursor.eat_one_of(&fields) {
            let mut words = first.to_owned();
            if cursor.eat("to") {
                let last = cursor.identifier()?;
                words = format!("{words} to {last}");
            }
            all.push(words);
        }
        all.extend(modifiers(cursor)?);
        return Ok(Some(TypeName { name: Name::bare("interval"), modifiers: all, dimensions: 0 }));
    }
    Ok(None)
}

fn named(cursor: &mut Cursor<'_>) -> Reading<TypeName> {
    let quoted = cursor.peek(0).starts_with('"');
    let name = cursor.name()?;
    if cursor.eat_sign("%") {
        // table.column%TYPE, in the arguments of functions.
        cursor.require("type")?;
        return Ok(TypeName { name, modifiers: Vec::new(), dimensions: 0 });
    }
    let modifiers = modifiers(cursor)?;
    let built_in = matches!(name.schema.as_deref(), None | Some("pg_catalog")) && !quoted;
    let name = if built_in { TypeName::plain(&name.name).name } else { name };
    // `char` alone is char(1); `bpchar` has no limit, and that is the one people rarely write.
    Ok(TypeName { name, modifiers, dimensions: 0 })
}

fn modifiers(cursor: &mut Cursor<'_>) -> Reading<Vec<String>> {
    if !cursor.is_sign("(") {
        return Ok(Vec::new());
    }
    let mut inside = cursor.parentheses()?;
    let all = inside.list(|c| {
        let start = c.byte();
        c.skip_to_comma();
        let place = c.since(start);
        Ok(c.text().get(place).unwrap_or("").trim().to_owned())
    })?;
    inside.finish(all)
}
