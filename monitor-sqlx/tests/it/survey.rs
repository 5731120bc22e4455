//! What SQLite and MariaDB say of themselves, and what SQLite's planner would do.

use std::time::SystemTime;

use monitor_core::inquire::{
    Access, Explainable, IndexDraft, KeyOf, KeyPart, Plan, Planner, TableKind, UsedIndex, mysql,
    sqlite,
};
use monitor_sqlx::asker;
use sqlx::{AssertSqlSafe, Executor, MySql, Sqlite};

use crate::world::World;

/// 30 000 orders whose keys have gaps, of 3 000 customers; a tenth of them open, and half with a note.
const SHOP: &str = "
    create table customers (id integer primary key, email varchar(80) not null, city text);
    create table orders (id integer primary key, customer_id int not null references customers(id),
        state text not null, note text, placed_at text not null);
    create table tags (name text, order_id int, primary key (name, order_id)) without rowid;
    create index orders_state on orders (state, placed_at desc) where note is not null;
    create unique index customers_email on customers (lower(email), id);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
        insert into customers select i, 'c' || i || '@example.org', 'city ' || (i % 20) from n;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000)
        insert into orders select i * 7, (i * 7919) % 3000 + 1,
            case i % 10 when 0 then 'open' else 'done' end,
            case i % 2 when 0 then 'note ' || i end, date('2024-01-01', '+' || (i / 100) || ' days')
        from n;";

async fn shop(world: &World<Sqlite>) {
    world.pool.inner().execute(SHOP).await.unwrap();
}

fn explainable(text: &str) -> Explainable {
    Explainable { text: text.to_owned(), ..Explainable::default() }
}

/// How a plan reads a table: by which index, and how.
fn read(plan: &Plan, table: &str) -> (Option<Access>, Option<UsedIndex>) {
    let is_its = |node: &&monitor_core::inquire::PlanNode| node.table.as_deref() == Some(table);
    let node = plan.nodes.iter().find(is_its).unwrap_or_else(|| panic!("{plan:#?}"));
    (node.access, node.index.clone())
}

fn near(found: f64, expected: f64) -> bool {
    (found / expected - 1.0).abs() < 0.15
}

#[test]
fn sqlite_tells_tables_keys_and_how_values_are_spread() {
    crate::world::run(|world: World<Sqlite>| async move {
        shop(&world).await;
        let mut asker = asker::<Sqlite>(&world.monitor, &world.pool.connect_options());
        let survey = sqlite::survey(&mut asker, SystemTime::UNIX_EPOCH).unwrap();
        let catalogue = &survey.catalogue;
        let orders = catalogue.table("orders").unwrap();
        assert!(near(orders.rows.unwrap(), 30_000.0), "{:?}", orders.rows);
        assert!(orders.pages.unwrap() > 50.0);
        let spread = |column: &str| orders.column(column).unwrap().spread.clone().unwrap();
        let customers = spread("customer_id").distinct;
        assert!((2_000.0..=5_000.0).contains(&customers), "{customers} instead of 3 000");
        assert!(near(spread("note").nulls, 0.5), "{:?}", spread("note").nulls);
        let states = spread("state");
        assert_eq!((states.distinct, states.common[0].0.as_str()), (2.0, "done"));
        assert!(near(states.common[0].1, 0.9), "{:?}", states.common);
        assert!(spread("placed_at").correlation.unwrap() > 0.99);

        let partial = orders.indexes.iter().find(|one| one.name == "orders_state").unwrap();
        assert_eq!(partial.predicate.as_deref(), Some("note is not null"));
        let descending = KeyPart { descending: true, ..KeyPart::column("placed_at") };
        assert_eq!(partial.key, [KeyPart::column("state"), descending]);
        assert_eq!(orders.primary_key().unwrap().key, [KeyPart::column("id")]);
        let customers = catalogue.table("customers").unwrap();
        let email = customers.indexes.iter().find(|one| one.name == "customers_email").unwrap();
        assert_eq!(email.key[0].of, KeyOf::Expression("lower(email)".into()));
        assert!(email.unique && !email.primary);
        let tags = catalogue.table("tags").unwrap();
        assert_eq!((tags.kind, tags.rows), (TableKind::WithoutRowId, Some(0.0)));
        assert_eq!(tags.primary_key().unwrap().key.len(), 2);
        let key = &catalogue.foreign_keys[0];
        assert_eq!((key.child.1.as_str(), key.parent.1.as_str()), ("orders", "customers"));
        assert_eq!(
            (&key.columns[..], &key.parent_columns[..]),
            (&["customer_id".into()][..], &["id".into()][..])
        );
    });
}

#[test]
fn sqlites_planner_takes_a_draft_that_helps_and_no_other() {
    crate::world::run(|world: World<Sqlite>| async move {
        shop(&world).await;
        let mut asker = asker::<Sqlite>(&world.monitor, &world.pool.connect_options());
        let survey = sqlite::survey(&mut asker, SystemTime::UNIX_EPOCH).unwrap();
        let mut planner = sqlite::SqlitePlanner::new(&mut asker, &survey).unwrap();
        assert!(planner.what_if());

        let by_customer = explainable("select note from orders where customer_id = ?1");
        let drafts =
            [IndexDraft::on("orders", ["note"]), IndexDraft::on("orders", ["customer_id"])];
        let before = planner.plan(&by_customer, &[]).unwrap();
        assert_eq!(read(&before, "orders"), (Some(Access::Full), None));
        let after = planner.plan(&by_customer, &drafts).unwrap();
        assert_eq!(read(&after, "orders"), (Some(Access::Index), Some(UsedIndex::Draft(1))));
        assert_eq!(after.drafts_used(), [1]);
        assert!(after.cost.unwrap() * 100.0 < before.cost.unwrap(), "{before:?} {after:?}");
        let again = planner.plan(&by_customer, &[]).unwrap();
        assert_eq!(again, before, "the draft is gone");

        // An index is of no use to a pattern that nobody knows.
        let like = explainable("select id from orders where note like ?1");
        let plan = planner.plan(&like, &drafts[..1]).unwrap();
        assert_ne!(read(&plan, "orders").0, Some(Access::Index), "{plan:?}");

        let schema = "select count(*) from sqlite_master where name like 'monitor%'";
        let made: i64 = sqlx::query_scalar(schema).fetch_one(world.pool.inner()).await.unwrap();
        assert_eq!(made, 0, "nothing is made in the database itself");
    });
}

#[test]
fn sqlites_automatic_index_and_a_sort_are_told() {
    crate::world::run(|world: World<Sqlite>| async move {
        shop(&world).await;
        let mut asker = asker::<Sqlite>(&world.monitor, &world.pool.connect_options());
        let survey = sqlite::survey(&mut asker, SystemTime::UNIX_EPOCH).unwrap();
        let mut planner = sqlite::SqlitePlanner::new(&mut asker, &survey).unwrap();
        let join = "select o.id from customers c join orders o on o.note = c.city order by o.note";
        let plan = planner.plan(&explainable(join), &[]).unwrap();
        let accesses: Vec<_> = plan.nodes.iter().filter_map(|node| node.access).collect();
        assert!(accesses.contains(&Access::AutomaticIndex), "{plan:#?}");
        assert!(accesses.contains(&Access::Sort), "{plan:#?}");
        let wrong = planner.plan(&explainable("select nothing from nowhere"), &[]).unwrap_err();
        assert_eq!(wrong.kind, monitor_core::inquire::AskErrorKind::Wrong);
    });
}

#[test]
fn mariadb_tells_a_user_with_fewer_rights_what_that_user_may_see() {
    crate::world::run(|world: World<MySql>| async move {
        let options = (*world.pool.connect_options()).clone();
        let name = options.get_database().unwrap().to_owned();
        let user = format!("surveyor_{}", std::process::id());
        let inner = world.pool.inner();
        for sql in [
            "create table hidden (id int)".to_owned(),
            "create index people_name on people (name(10))".to_owned(),
            format!("create user {user}@'%' identified by 'hunter2'"),
            format!("grant select on {name}.people to {user}@'%'"),
            "analyze table people".to_owned(),
        ] {
            inner.execute(AssertSqlSafe(sql)).await.unwrap();
        }
        let whole = options.clone();
        let fewer = options.username(&user).password("hunter2");
        let survey = |options| {
            let mut asker = asker::<MySql>(&world.monitor, options);
            let survey = mysql::survey(&mut asker, SystemTime::UNIX_EPOCH);
            let statement = explainable("select id from people where name > 'name 3'");
            let plan = survey
                .as_ref()
                .map(|survey| mysql::MysqlPlanner::new(&mut asker, survey).plan(&statement, &[]));
            (survey.clone(), plan.unwrap())
        };
        let (whole, fewer) = (survey(&whole), survey(&fewer));
        inner.execute(AssertSqlSafe(format!("drop user {user}@'%'"))).await.unwrap();

        let (seen, plan) = (whole.0.unwrap().catalogue, whole.1.unwrap());
        assert_eq!(seen.tables.len(), 2);
        let people = seen.table("people").unwrap();
        assert_eq!(people.rows, Some(10.0));
        assert_eq!(people.column("id").unwrap().spread.as_ref().unwrap().distinct, 10.0);
        let index = people.indexes.iter().find(|one| one.name == "people_name").unwrap();
        assert_eq!(index.key, [KeyPart { prefix: Some(10), ..KeyPart::column("name") }]);
        assert!(people.indexes.iter().any(|one| one.unique && !one.primary));
        assert!(people.primary_key().unwrap().bytes.is_some());
        assert!(plan.cost.is_some() && read(&plan, "people").0.is_some());

        let (seen, plan) = (fewer.0.unwrap().catalogue, fewer.1.unwrap());
        assert_eq!(
            seen.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(),
            ["people"]
        );
        let people = seen.table("people").unwrap();
        assert!(people.column("name").unwrap().spread.is_some());
        assert_eq!(people.primary_key().unwrap().bytes, None, "the right for it is missing");
        assert!(plan.cost.is_some());
    });
}
