//! A backfill that row-level security hides rows from would fill some and find all of them filled: it is refused.

use expect_test::expect;
use upshift::{Migrator, Target, Version};
use upshift_promises::{Database, database, files};

const SET: [(&str, &str); 1] = [(
    "1_fill.sql",
    "-- upshift: backfill table=orders\nupdate orders set state = 'new' where state is null;\n\
     -- upshift: verify\nselect not exists (select from orders where state is null);\n\
     -- upshift: down\nselect 1;",
)];

#[tokio::test]
async fn hidden_rows_are_no_rows_that_are_done() {
    let db = Database::new().await;
    let role = format!("shop_{}", db.name());
    db.run(&format!(
        "create role {role} login; grant create on database {} to {role};
        create table orders (id int primary key, shop int, state text);
        insert into orders select n, n % 2 from generate_series(1, 10) n;
        alter table orders owner to {role};
        create policy one_shop on orders using (shop = 1);
        alter table orders enable row level security, force row level security",
        db.name()
    ))
    .await;
    let pool = database::pool(&db.url().replace("postgres@", &format!("{role}@")), 4);
    let fill = Target::Only(vec![Version::new(1).unwrap()]);
    let migrator = Migrator::new(pool, files(&SET));
    let error = migrator.up(fill.clone()).await.unwrap_err();
    expect![[r#"
        backfill 1_fill: row-level security hides rows of public.orders from this role
          help: run backfills as a role with BYPASSRLS, or as the owner of a table without FORCE ROW LEVEL SECURITY: what it does not see it does not fill, and its verify section would not see either"#]]
    .assert_eq(&error.render());
    assert_eq!(db.rows("select count(*) from orders where state is null").await, "10");
    db.run("alter table orders no force row level security").await;
    migrator.up(fill).await.unwrap();
    assert_eq!(db.rows("select count(*) from orders where state is null").await, "0");
    drop(migrator);
    db.run(&format!("drop owned by {role} cascade")).await;
}
