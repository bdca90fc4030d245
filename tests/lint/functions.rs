//! The list of functions that are not volatile beside the server's catalogue.

use upshift_lint::effect::volatility_of;
use upshift_lint::statement::{Name, Volatility};
use upshift_promises::Database;

/// Names whose functions are volatile for arguments that hardly anybody gives them: a time with its zone.
const EXCEPTIONS: [&str; 1] = ["timezone"];

#[tokio::test]
async fn no_function_that_is_taken_for_stable_is_volatile() {
    let db = Database::new().await;
    let volatile = db
        .rows(
            "select distinct p.proname from pg_catalog.pg_proc p
             where p.pronamespace = 'pg_catalog'::regnamespace and p.provolatile = 'v'",
        )
        .await;
    let wrong = volatile.lines().filter(|name| {
        volatility_of(&Name::bare(*name)) != Volatility::Volatile && !EXCEPTIONS.contains(name)
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&str>::new());
}

#[tokio::test]
async fn what_people_write_as_a_default_is_not_taken_for_volatile() {
    for name in
        ["now", "upper", "to_char", "jsonb_build_object", "current_setting", "md5", "date_trunc", "coalesce"]
    {
        assert_eq!(volatility_of(&Name::bare(name)), Volatility::Stable, "{name}");
    }
    for name in ["random", "gen_random_uuid", "clock_timestamp", "nextval", "uuidv7", "of_my_own"] {
        assert_eq!(volatility_of(&Name::bare(name)), Volatility::Volatile, "{name}");
    }
}
