use upshift_test::TestDatabase;

const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);

#[upshift_test::test(MIGRATIONS, fixtures = "users.sql")]
async fn creates_an_order(db: TestDatabase) {}

fn main() {}
