//! Splits the full names that are there already: what SQL does badly, Rust does in a few lines.
// upshift: requires 20260302091500

use upshift::tokio_postgres::types::Type;
use upshift::{BoxError, StepContext};

/// Words that begin a family name: Ludwig *van* Beethoven, Simone *de* Beauvoir.
const PARTICLES: [&str; 12] =
    ["al", "bin", "da", "de", "del", "della", "der", "di", "du", "le", "van", "von"];

/// Fills the new columns of every customer who has only a full name.
pub async fn up(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    for shop in shops(step).await? {
        enter(step, shop).await?;
        let unsplit = "select id, full_name from customers where shop_id = $1 and given_name is null";
        let (mut ids, mut given, mut family) = (Vec::new(), Vec::new(), Vec::new());
        for row in step.query(unsplit, &[(&shop, Type::INT8)]).await? {
            let (first, rest) = split(row.try_get("full_name")?);
            ids.push(row.try_get::<_, i64>("id")?);
            given.push(first);
            family.push(rest);
        }
        let fill = "\
            update customers set given_name = split.given_name, family_name = split.family_name
            from unnest($1, $2, $3) as split (id, given_name, family_name)
            where customers.id = split.id";
        let (texts, keys) = (Type::TEXT_ARRAY, Type::INT8_ARRAY);
        step.execute(fill, &[(&ids, keys), (&given, texts.clone()), (&family, texts)]).await?;
    }
    Ok(())
}

/// Empties the new columns; a trigger has kept `full_name` true to them all the while.
pub async fn down(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    for shop in shops(step).await? {
        enter(step, shop).await?;
        let empty = "update customers set given_name = null, family_name = null where shop_id = $1";
        step.execute(empty, &[(&shop, Type::INT8)]).await?;
    }
    Ok(())
}

async fn shops(step: &StepContext<'_>) -> Result<Vec<i64>, BoxError> {
    let rows = step.query("select id from shops order by id", &[]).await?;
    Ok(rows.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?)
}

/// Row-level security holds for migrations too: without this the service's own role would see no customer.
async fn enter(step: &StepContext<'_>, shop: i64) -> Result<(), BoxError> {
    let shop = shop.to_string();
    step.query("select set_config('orders.shop_id', $1, true)", &[(&shop, Type::TEXT)]).await?;
    Ok(())
}

/// The family name is the last word and the particles right before it; a single word is a given name.
fn split(full: &str) -> (String, Option<String>) {
    let words: Vec<&str> = full.split_whitespace().collect();
    let is_particle = |word: &&&str| PARTICLES.contains(&word.to_lowercase().as_str());
    let Some(before) = words.len().checked_sub(1).filter(|before| *before > 0) else {
        return (words.concat(), None);
    };
    // The first word is a given name whatever it is: Di, Al and Van are names too.
    let particles = words[1..before].iter().rev().take_while(is_particle).count();
    let (given, family) = words.split_at(before - particles);
    (given.join(" "), Some(family.join(" ")))
}
