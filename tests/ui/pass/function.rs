//! `#[upshift::migration]`.

use upshift::files::{Body, Down, Transaction};
use upshift::{BoxError, CodeMigration, Source, StepContext};

mod names {
    use upshift::{BoxError, StepContext};

    /// A private helper is seen by the function, as if the attribute were not there.
    fn table() -> &'static str {
        "users"
    }

    #[upshift::migration(version = "20260516000000", down = self::join)]
    pub(super) async fn split(step: &mut StepContext<'_>) -> Result<(), BoxError> {
        step.batch_execute(&format!("update {} set first_name = name", table())).await?;
        Ok(())
    }

    async fn join(step: &mut StepContext<'_>) -> Result<(), BoxError> {
        step.batch_execute(&format!("update {} set first_name = null", table())).await?;
        Ok(())
    }
}

/// Another macro's work: two functions of one line.
macro_rules! twins {
    ($one:ident $first:literal $other:ident $second:literal) => {
        #[upshift::migration(version = $first)]
        async fn $one(_step: &mut StepContext<'_>) -> Result<(), BoxError> {
            Ok(())
        }
        #[upshift::migration(version = $second)]
        async fn $other(_step: &mut StepContext<'_>) -> Result<(), BoxError> {
            Ok(())
        }
    };
}

twins!(one "20260518000000" other "20260519000000");

/// A name of its own, no transaction, a raw identifier, a lifetime, an attribute for the constant.
#[allow(clippy::needless_lifetimes)]
#[upshift::migration(version = "2026-05-17-000000", name = "analyze-everything", transaction = "off")]
async fn r#loop<'step>(step: &'step mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute("vacuum analyze").await?;
    Ok(())
}

fn told(code: CodeMigration) -> String {
    let set = Source::files([]).with([code]).set().unwrap();
    let [migration] = set.versioned() else { panic!("{set:?}") };
    let Body::Code(code) = migration.up() else { panic!("{migration:?}") };
    let down = if *migration.down() == Down::Code { "with down" } else { "without down" };
    let transaction = match migration.header().transaction {
        Transaction::On => "in a transaction",
        Transaction::Off => "in none",
    };
    let (place, key) = code.path().split_once('#').unwrap();
    let (file, line) = place.rsplit_once(':').unwrap();
    assert!(file.ends_with("function.rs") && line.parse::<u32>().is_ok(), "{place} is no place");
    format!("{}, {transaction}, {down}, {key}", migration.label())
}

#[test]
fn a_function_says_its_version_name_transaction_and_down() {
    for (code, expected) in [
        (names::split, "20260516000000_split, in a transaction, with down, 20260516000000_split"),
        (
            r#loop,
            "20260517000000_analyze-everything, in none, without down, 20260517000000_analyze-everything",
        ),
        (one, "20260518000000_one, in a transaction, without down, 20260518000000_one"),
        (other, "20260519000000_other, in a transaction, without down, 20260519000000_other"),
    ] {
        assert_eq!(told(code), expected);
    }
}

#[test]
fn functions_and_files_make_one_set() {
    let source = upshift::embed_migrations!("ui/folders/rust").with([one, r#loop]);
    let labels: Vec<String> = source.set().unwrap().iter().map(|migration| migration.label()).collect();
    assert_eq!(
        labels,
        [
            "20260514093000_create_users",
            "20260515101500_split_names",
            "20260516000000_count_users",
            "20260517000000_analyze-everything",
            "20260518000000_one",
        ]
    );
}

#[test]
fn a_function_of_a_version_that_a_file_has_is_refused_with_both_places() {
    let source = upshift::embed_migrations!("ui/folders/rust").with([names::split]);
    let error = source.set().unwrap_err().diagnostics().map(ToString::to_string).unwrap_or_default();
    for told in ["version 20260516000000", "20260516000000_count_users.rs", "function.rs:"] {
        assert!(error.contains(told), "{told} is missing in: {error}");
    }
}

#[test]
fn the_text_of_a_function_is_its_code_and_its_down() {
    let set = Source::files([]).with([names::split]).set().unwrap();
    let [migration] = set.versioned() else { panic!("{set:?}") };
    let Body::Code(code) = migration.up() else { panic!("{migration:?}") };
    assert_eq!(
        code.text(),
        "\
async fn split ( step : & mut StepContext < '_ > ) -> Result < ( ) , BoxError > {
    step . batch_execute ( & format ! ( \"update {} set first_name = name\" , table ( ) ) ) . await ?;
    Ok ( ( ) )
}
down = self :: join
"
    );
}
