use upshift_test::TestDatabase;

const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);

#[upshift_test::test]
async fn creates_an_order(db: TestDatabase) {}

fn main() {}
