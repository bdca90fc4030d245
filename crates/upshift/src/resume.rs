//! Going on in the middle: allowed as long as what is done was not edited meanwhile.

use tokio_postgres::Client;
use upshift_files::sql::split;

use crate::error::Error;
use crate::facts::read_texts;
use crate::history::sql::Tables;
use crate::plan::{Direction, Plan, Refusal, RefusalKind};

/// Refuses a plan that would go on in a migration whose done statements are other ones now.
///
/// The statement that failed, and those behind it, may be mended: that is what one does.
pub(crate) async fn refuse_edited_beginnings(
    client: &Client,
    tables: &Tables,
    plan: &Plan,
) -> Result<(), Error> {
    let mut refused = Vec::new();
    for step in plan.resumed() {
        let Some(ordinal) = step.ordinal else { continue };
        let texts = read_texts(client, tables, ordinal).await?;
        // As written, before variables are put in: their values may differ from one run to the next.
        let (ran, now) = match step.direction {
            Direction::Up => (texts.up.as_deref(), step.texts.up.as_deref()),
            Direction::Down => (texts.down.as_deref(), step.texts.down.as_deref()),
        };
        if !begins_alike(ran.unwrap_or(""), now.unwrap_or(""), step.done) {
            let kind = RefusalKind::FailedChanged { done: step.done };
            refused.push(Refusal { label: step.label.clone(), kind });
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(Error::refused(refused)) }
}

fn begins_alike(ran: &str, now: &str, done: usize) -> bool {
    let (Ok(first), Ok(second)) = (split(ran), split(now)) else { return done == 0 };
    let alike = |at: usize| match (first.get(at), second.get(at)) {
        (Some(ran_at), Some(now_at)) => ran_at.text(ran) == now_at.text(now),
        _ => false,
    };
    (0..done).all(alike)
}

#[cfg(test)]
mod tests {
    use super::begins_alike;

    #[test]
    fn what_is_done_must_be_what_it_was_and_the_rest_may_be_anything() {
        let ran = "create table a ();\ncreate index concurrently on a (b);\nselect 1;";
        for (now, done, alike) in [
            (ran, 3, true),
            ("create table a ();\nselect 'mended'", 1, true),
            ("-- now with a comment\ncreate table a ()  ;\n\nselect 'mended'", 1, true),
            ("create table a (b int);\ncreate index concurrently on a (b);", 1, false),
            ("select 0; create table a ();", 1, false),
            ("create table a ();", 2, false),
            ("", 0, true),
            ("'not even SQL", 0, true),
            ("'not even SQL", 1, false),
        ] {
            assert_eq!(begins_alike(ran, now, done), alike, "{now} after {done}");
        }
    }
}
