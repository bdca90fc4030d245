use upshift_test::TestDatabase;

const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);

#[upshift_test::test(MIGRATIONS, fixtures = ["user.sql", "unterminated.sql"])]
fn creates_an_order() {}

fn main() {}
