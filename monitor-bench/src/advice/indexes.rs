//! Advice on indexes, scored suite by suite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};
use monitor_core::Monitor;
use monitor_core::inquire::postgres::{PostgresPlanner, read_catalogue};
use monitor_core::inquire::{Catalogue, IndexDraft};
use monitor_core::judge::advice::index::{Answer, IndexAdvice, advise, create_statements};

use super::score::{Score, score};
use super::server::Server;
use super::suite::Suite;

/// What others got on the same suites, with prepared texts: recall, share, precision, false positives.
/// Measured once, on PostgreSQL 15 with HypoPG 1.3.1, with each tool's rules; no command here measures them again.
const OTHERS: [(&str, &str, &str); 7] = [
    ("dexter's rules", "0.70 0.74 1.00 0", "0.57 0.74 1.00 0"),
    ("Supabase index_advisor", "0.88 0.90 0.88 3", "0.79 0.86 0.46 2"),
    ("PgHero's rules", "0.64 0.66 0.85 4", "0.07 0.07 0.50 1"),
    ("pg_qualstats advisor", "0.67 0.69 0.84 1", "0.29 0.45 0.41 0"),
    ("naive equality + range", "0.88 0.87 0.71 9", "0.86 0.81 0.36 3"),
    ("static model", "0.82 0.83 0.97 0", "0.07 0.14 1.00 0"),
    ("syntax + HypoPG", "0.97 0.98 1.00 0", "0.71 0.80 0.88 0"),
];

/// Suites that nothing was tuned on; `suites/truth.py` measured what is expected of them.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");

/// How the advisor is asked.
struct Way {
    name: &'static str,
    /// Whether it sees constants that stand in a prepared text, as with samples switched on.
    constants: bool,
    /// Whether HypoPG may be used.
    what_if: bool,
}

const WAYS: [Way; 4] = [
    Way { name: "normalised texts, HypoPG", constants: false, what_if: true },
    Way { name: "prepared texts, HypoPG", constants: true, what_if: true },
    Way { name: "normalised texts, model", constants: false, what_if: false },
    Way { name: "prepared texts, model", constants: true, what_if: false },
];

/// What to run.
#[derive(Default)]
pub(crate) struct Asked {
    /// A folder of suites beside the shop.
    pub(crate) folder: Option<PathBuf>,
    /// The one suite to run.
    pub(crate) only: Option<String>,
    /// Whether to say why, statement by statement.
    pub(crate) verbose: bool,
}

/// Runs every suite there is: the shop, those beside it, and those of the folder.
pub(crate) fn run(url: &str, asked: &Asked) -> Result<()> {
    let mut suites = vec![Suite::shop()?];
    for name in suites_in(Path::new(OWN))? {
        suites.push(Suite::read(&name)?);
    }
    for name in asked.folder.as_deref().map(suites_in).transpose()?.unwrap_or_default() {
        suites.push(Suite::read(&name)?);
    }
    suites.retain(|suite| asked.only.as_ref().is_none_or(|only| *only == suite.name));
    for suite in &mut suites {
        if let Err(error) = run_suite(url, suite, asked.verbose) {
            println!("\n{}: left out: {error:#}", suite.name);
        }
    }
    Ok(())
}

/// The folders that hold a suite for PostgreSQL, in order. The shop is known already.
fn suites_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the suites in {}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_suite = path.join("workload.json").is_file() && path.join("expected.json").is_file();
        if is_suite && path.file_name().is_some_and(|name| name != "shop") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The head of a table of scores.
pub(super) fn print_head() {
    println!(
        "{:<28} {:>6} {:>6} {:>9} {:>6} {:>9} {:>8} {:>8} {:>7}",
        "", "recall", "share", "precision", "fp", "cost/best", "advised", "distinct", "s"
    );
}

fn run_suite(url: &str, suite: &mut Suite, verbose: bool) -> Result<()> {
    let started = Instant::now();
    let mut server = Server::load(url, suite)?;
    suite.count_writes(|sql| server.rows_changed(sql))?;
    let has_hypopg = server.has_hypopg();
    println!("\n{} (loaded in {:.0} s)", suite.name, started.elapsed().as_secs_f64());
    print_head();
    for way in WAYS {
        if way.what_if && !has_hypopg {
            println!(
                "{:<28} left out: install Debian's postgresql-15-hypopg or the like",
                way.name
            );
            continue;
        }
        let started = Instant::now();
        let (advice, catalogue) = advised(&server, suite, &way)?;
        let took = started.elapsed().as_secs_f64();
        let by_id = by_id(suite, &advice, &catalogue);
        let (score, lines) = score(&mut server, suite, &by_id)?;
        print_score(way.name, &score, took);
        if verbose {
            lines.iter().for_each(|line| println!("    {} {}", line.id, line.text));
            print_quiet(suite, &advice);
        }
    }
    for (name, shop, tpch) in OTHERS {
        let known = match suite.name.as_str() {
            "shop" => shop,
            "tpch" => tpch,
            _ => continue,
        };
        let numbers: Vec<&str> = known.split(' ').collect();
        if let [recall, share, precision, fp] = numbers.as_slice() {
            println!("{name:<28} {recall:>6} {share:>6} {precision:>9} {fp:>6}");
        }
    }
    Ok(())
}

fn advised(server: &Server, suite: &Suite, way: &Way) -> Result<(IndexAdvice, Catalogue)> {
    let monitor = Monitor::builder().beat_by_hand().build()?;
    let mut asker = monitor_sqlx::asker::<sqlx::Postgres>(&monitor, &server.options);
    let now = SystemTime::now();
    let catalogue = read_catalogue(&mut asker, now).context("the catalogue cannot be read")?;
    let mut planner = PostgresPlanner::new(&mut asker, &catalogue);
    if !way.what_if {
        planner = planner.without_what_if();
    }
    let workload = suite.workload(way.constants);
    let advice = advise(&workload, &catalogue, Some(&mut planner), now);
    Ok((advice, catalogue))
}

/// The statements that make the indexes advised for each statement, by its id.
pub(super) fn by_id(
    suite: &Suite,
    advice: &IndexAdvice,
    catalogue: &Catalogue,
) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for (query, answer) in suite.queries.iter().zip(&advice.answers) {
        if let Answer::Found { indexes, .. } = answer {
            let made: Vec<String> = indexes.iter().map(|one| made(one, catalogue)).collect();
            all.insert(query.id.clone(), made);
        }
    }
    all
}

fn drafted(draft: &IndexDraft) -> String {
    let beside = if draft.include.is_empty() { "" } else { " + " };
    let only = draft.predicate.as_ref().map(|one| format!(" where {one}")).unwrap_or_default();
    let (table, key) = (&draft.table, draft.key_sql());
    format!("{table}({key}){beside}{}{only}", draft.include.join(", "))
}

/// What is printed for a person, as it can be run within a transaction.
fn made(draft: &IndexDraft, catalogue: &Catalogue) -> String {
    let steps = create_statements(draft, catalogue);
    let steps = steps.iter().filter(|step| !step.starts_with("--") && !step.starts_with("SET"));
    steps.map(|step| step.replace(" CONCURRENTLY", "")).collect::<Vec<_>>().join(" ")
}

pub(super) fn print_score(name: &str, score: &Score, took: f64) {
    let (false_positives, none) = score.false_positives;
    println!(
        "{name:<28} {:>6.2} {:>6.2} {:>9.2} {:>6} {:>9.2} {:>8} {:>8} {took:>7.1}",
        score.recall,
        score.share,
        score.precision,
        format!("{false_positives}/{none}"),
        score.ratio,
        score.advised,
        score.distinct,
    );
}

/// What each statement got, and why each that wants an index got none.
pub(super) fn print_quiet(suite: &Suite, advice: &IndexAdvice) {
    for (query, answer) in suite.queries.iter().zip(&advice.answers) {
        let wants = query.expected.as_ref().is_some_and(|expected| expected.wants_index);
        let why = match answer {
            Answer::Found { before, after, indexes } => {
                let drafts: Vec<String> = indexes.iter().map(drafted).collect();
                let drafts = drafts.join("; ");
                println!("    {} found: cost {before:.0} -> {after:.0} {drafts}", query.id);
                continue;
            }
            Answer::Quiet(why) => why.to_string(),
            Answer::TooSoon => "too soon".to_owned(),
            Answer::NotAsked(error) => error.to_string(),
        };
        if wants {
            println!("    {} quiet: {why}", query.id);
        }
    }
}
