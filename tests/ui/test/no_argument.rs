use upshift_test::TestDatabase;

const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);

#[upshift_test::test(MIGRATIONS)]
async fn creates_an_order() {}

fn main() {}
