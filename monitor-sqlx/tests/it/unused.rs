//! Indexes that nobody uses, and for how long nobody did, as real servers count.

use std::time::{Duration, SystemTime};

use monitor_core::inquire::{Catalogue, mysql, postgres, sqlite};
use monitor_core::judge::advice::Verdict;
use monitor_core::judge::advice::index::{UNUSED_AFTER, Upkeep, Workload, upkeep};
use monitor_sqlx::asker;
use sqlx::{AssertSqlSafe, Database, Executor, MySql, Pool, Postgres, Sqlite};

use crate::world::World;

async fn run<DB: Database>(pool: &Pool<DB>, statements: &[&str])
where
    for<'c> &'c Pool<DB>: Executor<'c, Database = DB>,
{
    for statement in statements {
        pool.execute(AssertSqlSafe((*statement).to_owned())).await.unwrap();
    }
}

/// What is said so long after it was looked.
fn after(catalogue: &Catalogue, time: Duration) -> Upkeep {
    upkeep(&Workload::default(), catalogue, SystemTime::now() + time)
}

fn unused(upkeep: &Upkeep) -> Vec<&str> {
    let all = upkeep.recommendations.iter().filter(|one| one.rule == "unused-index");
    all.map(|one| one.key.rsplit('.').next().unwrap_or_default()).collect()
}

/// Why an index is not called unused.
fn why(upkeep: &Upkeep, index: &str) -> (Verdict, String) {
    let answer = upkeep.answers.iter().find(|one| one.rule == "unused-index").unwrap();
    let reason = answer.reasons.iter().find(|one| one.subject == index);
    let reason = reason.unwrap_or_else(|| panic!("nothing on {index}: {answer:?}"));
    (reason.verdict, reason.why.clone())
}

#[test]
fn postgres_shows_an_idle_index_apart_from_a_used_and_from_a_young_one() {
    crate::world::run(|world: World<Postgres>| async move {
        run(world.pool.inner(),
            &[
                "create table notes (id int primary key, a char(64) not null, b char(64) not null)",
                "create index idle on notes (a)",
                "create index used on notes (b)",
                "insert into notes select n, md5(n::text) || md5((-n)::text), md5((n * 2)::text) || md5((n * 3)::text) \
                 from generate_series(1, 150000) n",
                "create index young on notes (id, a)",
                "vacuum analyze notes",
                "select count(*) from notes where b = 'x'",
            ],
        )
        .await;
        let mut asker = asker::<Postgres>(&world.monitor, &world.pool.connect_options());
        // A connection tells what it counted when it is idle or goes.
        world.pool.inner().close().await;
        let now = SystemTime::now();
        let catalogue = postgres::read_catalogue(&mut asker, now).unwrap();
        assert!(catalogue.counting_since.unwrap() <= now);
        assert_eq!((catalogue.replicas, catalogue.is_replica), (Some(0), false));
        let notes = catalogue.table("notes").unwrap();
        assert!(notes.writes.unwrap().inserted >= 150_000.0, "{:?}", notes.writes);

        let soon = after(&catalogue, Duration::ZERO);
        assert_eq!(unused(&soon), [""; 0]);
        assert_eq!(why(&soon, "idle").0, Verdict::TooSoon);

        let late = after(&catalogue, UNUSED_AFTER);
        assert_eq!(unused(&late), ["idle"], "{late:#?}");
        let found = late.recommendations.iter().find(|one| one.rule == "unused-index").unwrap();
        let days = found.evidence.facts.iter().find(|fact| fact.name == "days counted").unwrap();
        assert_eq!(days.value, "35");
        let (verdict, why) = why(&late, "young");
        assert!(verdict == Verdict::TooSoon && why.contains("younger"), "{why}");

        let followed = Catalogue { replicas: Some(1), ..catalogue };
        assert_eq!(unused(&after(&followed, UNUSED_AFTER)), [""; 0]);
    });
}

#[test]
fn mariadb_shows_an_idle_index_apart_from_a_used_one_and_knows_how_old_they_are() {
    crate::world::run(|world: World<MySql>| async move {
        run(world.pool.inner(),
            &[
                "create table notes (id int primary key, a char(64) not null, b char(64) not null, \
                 key idle (a), key used (b)) charset latin1",
                "insert into notes select seq, concat(md5(seq), md5(-seq)), concat(md5(seq * 2), md5(seq * 3)) from seq_1_to_150000",
                "analyze table notes",
                "select count(*) from notes force index (used) where b < '1'",
            ],
        )
        .await;
        let mut asker = asker::<MySql>(&world.monitor, &world.pool.connect_options());
        let catalogue = mysql::survey(&mut asker, SystemTime::now()).unwrap().catalogue;
        let notes = catalogue.table("notes").unwrap();
        let index = |name: &str| notes.indexes.iter().find(|one| one.name == name).unwrap();
        assert_eq!(index("idle").scans, Some(0));
        assert!(index("used").scans > Some(0));
        assert!(
            index("idle").since > catalogue.counting_since,
            "the table is younger than the server's start"
        );
        assert!(notes.writes.unwrap().inserted >= 150_000.0, "{:?}", notes.writes);

        let soon = after(&catalogue, UNUSED_AFTER - Duration::from_secs(60));
        assert_eq!(unused(&soon), [""; 0]);
        assert_eq!(
            why(&soon, "idle").0,
            Verdict::TooSoon,
            "the server runs for longer, the index is younger"
        );
        assert_eq!(unused(&after(&catalogue, UNUSED_AFTER + Duration::from_secs(60))), ["idle"]);
    });
}

#[test]
fn sqlite_cannot_tell() {
    crate::world::run(|world: World<Sqlite>| async move {
        run(
            world.pool.inner(),
            &[
                "create table notes (id integer primary key, a text)",
                "create index idle on notes (a)",
            ],
        )
        .await;
        let mut asker = asker::<Sqlite>(&world.monitor, &world.pool.connect_options());
        let catalogue = sqlite::survey(&mut asker, SystemTime::now()).unwrap().catalogue;
        let late = after(&catalogue, UNUSED_AFTER);
        assert_eq!(unused(&late), [""; 0]);
        assert_eq!(why(&late, "").0, Verdict::CannotTell);
    });
}
