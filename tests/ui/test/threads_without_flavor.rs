use upshift_test::TestDatabase;

const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);

#[upshift_test::test(MIGRATIONS, worker_threads = 2)]
async fn creates_an_order(db: TestDatabase) {}

fn main() {}
