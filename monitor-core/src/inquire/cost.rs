//! What a plan costs, by a small model, where the system tells no costs: SQLite, MariaDB.
//!
//! In units of PostgreSQL's, so that the same gates hold: one is a page read in order. Rows come from the catalogue and
//! what the statement's filters are expected to keep. Only the proportion of two plans of one statement matters much.

use std::collections::BTreeMap;

use super::steps::{Read, Step, What};
use super::{
    Access, Catalogue, Estimates, FilterEstimate, Index, KeyOf, Plan, PlanNode, Sample, Table,
    UsedIndex,
};

// Measured with SQLite 3.40 on 90 000 and 240 000 rows in memory, in nanoseconds: a row met in order 38 to 57, one in an
// index that has all that is needed 23, one found in an index and then in the table 410, a row looked up by its id 330
// among 3 000 rows and 730 among 240 000, a row sorted 420 to 940, one sorted where only ten are wanted 60. A row met
// in order, with its part of the page, is 0.0175 units here, so that a unit is about 3.3 microseconds.

/// A row met in order; PostgreSQL's `cpu_tuple_cost` + `cpu_operator_cost`. Its page comes on top.
const ROW_COST: f64 = 0.0125;
/// A row met in an index that has all that is needed.
const INDEX_ROW_COST: f64 = 0.008;
/// A row found in an index and then in the table.
const LOOKUP_ROW_COST: f64 = 0.13;
/// A descent of a tree, for each doubling of its rows.
const DESCENT_COST: f64 = 0.01;
/// A row that is sorted, for each doubling of the number of rows that are kept.
const SORT_COST: f64 = 0.01;
/// Rows of a subquery of which nothing is known.
const UNKNOWN_ROWS: f64 = 100.0;
/// Share of rows that equal a value of which nothing is known; SQLite's own default is ten rows.
const UNKNOWN_SHARE: f64 = 0.001;
/// What SQLite's EXPLAIN calls the row id.
pub(super) const ROW_ID: &str = "INTEGER PRIMARY KEY";

/// What is known of the tables and the statement.
pub(super) struct Model<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) samples: &'a BTreeMap<String, Sample>,
    pub(super) estimates: &'a Estimates,
    /// The names of drafts, in their order.
    pub(super) drafts: &'a [String],
}

/// What steps cost together, and how many rows they give.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    cost: f64,
    rows: f64,
}

/// What is learned on the way through a plan.
#[derive(Default)]
struct Way {
    nodes: Vec<PlanNode>,
    /// Rows of subqueries by their names.
    kept: BTreeMap<String, f64>,
    /// Relations that were read.
    read: Vec<usize>,
}

/// A table as it is named in the statement.
struct Named<'a> {
    table: &'a Table,
    /// Its places among the relations.
    relations: Vec<usize>,
}

// === impl Model ===

impl Model<'_> {
    pub(super) fn plan(&self, steps: &[Step]) -> Plan {
        let mut way = Way::default();
        let sum = self.nested(steps, 1, &mut way);
        let sum = self.cut_short(steps, sum);
        let whole = PlanNode {
            what: "Query".to_owned(),
            cost: Some(sum.cost),
            rows: Some(sum.rows),
            ..PlanNode::default()
        };
        let mut nodes = vec![whole];
        nodes.append(&mut way.nodes);
        Plan { cost: Some(sum.cost), nodes }
    }

    /// A statement that wants only the first rows ends early, unless all have to be sorted first.
    fn cut_short(&self, steps: &[Step], sum: Sum) -> Sum {
        let Some(limit) = self.estimates.limit else { return sum };
        let waits = |step: &Step| matches!(step.what, What::Sort { order: true, partly: false });
        if steps.iter().any(waits) || sum.rows <= limit {
            return sum;
        }
        Sum { cost: sum.cost * limit / sum.rows, rows: limit }
    }

    /// Steps of one level: each is run for every row of those before it.
    fn nested(&self, steps: &[Step], depth: usize, way: &mut Way) -> Sum {
        let mut sum = Sum { cost: 0.0, rows: 1.0 };
        for step in steps {
            let at = way.nodes.len();
            way.nodes.push(PlanNode {
                depth,
                what: step.line.clone(),
                loops: Some(sum.rows),
                ..PlanNode::default()
            });
            let own = self.step(step, depth, way, &mut sum);
            if let Some(node) = way.nodes.get_mut(at) {
                self.fill(node, step, own);
            }
        }
        sum
    }

    /// One step; adds it to those before it.
    fn step(&self, step: &Step, depth: usize, way: &mut Way, sum: &mut Sum) -> Sum {
        match &step.what {
            What::Read(read) => {
                let mut own = self.read(read, way);
                own.rows *= self.joined_share(read, way);
                sum.cost += sum.rows * own.cost + self.build_cost(read);
                sum.rows *= own.rows;
                own
            }
            What::IndexOr => {
                let mut own = Sum::default();
                for arm in &step.below {
                    let arm = self.nested(std::slice::from_ref(arm), depth + 1, way);
                    own.cost += arm.cost;
                    own.rows += arm.rows;
                }
                sum.cost += sum.rows * own.cost;
                sum.rows *= own.rows;
                own
            }
            What::IndexArm => {
                let own = self.nested(&step.below, depth + 1, way);
                *sum = own;
                own
            }
            What::Sort { partly, .. } => {
                let part = if *partly { 0.5 } else { 1.0 };
                let rows = sum.rows.max(2.0);
                // Of an order of which only the first rows are wanted no more are kept.
                let limit = self.estimates.limit.filter(|_| step.line.contains("ORDER BY"));
                let kept = limit.map_or(rows, |limit| rows.min(limit + 1.0));
                let own = Sum { cost: part * rows * kept.max(2.0).log2() * SORT_COST, rows };
                sum.cost += own.cost;
                own
            }
            What::Keep(name) => {
                let own = self.nested(&step.below, depth + 1, way);
                way.kept.insert(name.clone(), own.rows);
                sum.cost += own.cost;
                own
            }
            What::Correlated => {
                let own = self.nested(&step.below, depth + 1, way);
                sum.cost += sum.rows * own.cost;
                own
            }
            What::Other => {
                let own = self.nested(&step.below, depth + 1, way);
                sum.cost += own.cost;
                own
            }
        }
    }

    /// What the joins with what was read before keep of a table that is read whole.
    fn joined_share(&self, read: &Read, way: &mut Way) -> f64 {
        let Some(named) = self.named(&read.alias) else { return 1.0 };
        let columns: Vec<&str> = self
            .estimates
            .joins
            .iter()
            .flat_map(|[left, right]| [(left, right), (right, left)])
            .filter(|(own, other)| named.relations.contains(&own.0) && way.read.contains(&other.0))
            .map(|((_, column), _)| column.as_str())
            .collect();
        way.read.extend(&named.relations);
        if read.search || columns.is_empty() {
            return 1.0;
        }
        let distinct = self.samples.get(&named.table.name).and_then(|one| one.distinct(&columns));
        distinct.map_or(UNKNOWN_SHARE, |distinct| 1.0 / distinct.max(1.0))
    }

    /// What building an index for this one call costs: a sort of the whole table.
    fn build_cost(&self, read: &Read) -> f64 {
        let rows = self.named(&read.alias).and_then(|named| named.table.rows);
        let rows = rows.filter(|_| read.automatic).unwrap_or(0.0);
        rows * (ROW_COST + rows.max(2.0).log2() * SORT_COST)
    }

    /// Reads a table once.
    fn read(&self, read: &Read, way: &Way) -> Sum {
        let Some(named) = self.named(&read.alias) else {
            let rows = way.kept.get(&read.alias).copied().unwrap_or(UNKNOWN_ROWS);
            return if read.search {
                Sum { cost: descent(rows), rows: (rows * UNKNOWN_SHARE).max(1.0) }
            } else {
                Sum { cost: rows * ROW_COST, rows }
            };
        };
        let rows = named.table.rows.unwrap_or(UNKNOWN_ROWS).max(1.0);
        if !read.search {
            let kept = rows * self.share(&named, |_| true);
            let pages = named.table.pages.unwrap_or(0.0);
            let cost = match (&read.index, read.covering) {
                (None, _) => rows * ROW_COST + pages,
                (Some(_), true) => rows * INDEX_ROW_COST + pages * 0.3,
                (Some(_), false) => rows * LOOKUP_ROW_COST,
            };
            return Sum { cost, rows: kept };
        }
        let found = (rows * self.found_share(read, &named)).max(f64::MIN_POSITIVE);
        let each = if read.covering { INDEX_ROW_COST } else { LOOKUP_ROW_COST };
        let cost = descent(rows) + found * each;
        let others = |filter: &FilterEstimate| !read.by.iter().any(|by| is_column(&filter.of, by));
        Sum { cost, rows: found * self.share(&named, others) }
    }

    /// The share of a table's rows that a search finds.
    fn found_share(&self, read: &Read, named: &Named<'_>) -> f64 {
        let is_row_id =
            read.index.as_deref() == Some(ROW_ID) || read.by.iter().any(|by| by == "rowid");
        let rows = named.table.rows.unwrap_or(UNKNOWN_ROWS).max(1.0);
        let key = named.table.primary_key().filter(|_| is_row_id);
        let index = read.index.as_ref();
        let index = index.and_then(|name| named.table.indexes.iter().find(|one| one.name == *name));
        if read.by.is_empty() {
            // min() and max() by an index.
            return 1.0 / rows;
        }
        let by: Vec<&str> = read
            .by
            .iter()
            .map(|by| match key.and_then(Index::first_column) {
                Some(own) if by == "rowid" => own,
                _ => by.as_str(),
            })
            .collect();
        let filtered: Option<f64> =
            by.iter().map(|column| self.column_share(named, column)).product::<Option<f64>>();
        if let Some(share) = filtered {
            return share;
        }
        let is_unique = is_row_id
            || index.is_some_and(|index| index.unique && index.key.len() <= read.by.len());
        if is_unique {
            return 1.0 / rows;
        }
        // Joined: as many as a value has on average, and what filters keep of them.
        let joined: Vec<&str> = by
            .iter()
            .copied()
            .filter(|column| self.column_share(named, column).is_none())
            .collect();
        let distinct = self.samples.get(&named.table.name).and_then(|one| one.distinct(&joined));
        let share = distinct.map_or(UNKNOWN_SHARE, |distinct| 1.0 / distinct.max(1.0));
        let kept: f64 = by.iter().filter_map(|column| self.column_share(named, column)).product();
        share * kept
    }

    /// What the filters on one column keep; `None` where there is none.
    fn column_share(&self, named: &Named<'_>, column: &str) -> Option<f64> {
        let mut own = self.filters(named).filter(|one| is_column(&one.of, column)).peekable();
        own.peek()?;
        let (arms, always): (Vec<_>, Vec<_>) = own.partition(|one| one.arm.is_some());
        match always.as_slice() {
            [] => arms.iter().map(|one| one.share).reduce(f64::max),
            always => Some(always.iter().map(|one| one.share).product()),
        }
    }

    /// What the chosen filters on a table keep of its rows.
    fn share(&self, named: &Named<'_>, choose: impl Fn(&FilterEstimate) -> bool) -> f64 {
        let chosen = || self.filters(named).filter(|one| choose(one));
        let always: f64 = chosen().filter(|one| one.arm.is_none()).map(|one| one.share).product();
        let mut arms: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for filter in chosen() {
            if let Some(arm) = filter.arm {
                *arms.entry(arm).or_insert(1.0) *= filter.share;
            }
        }
        let mut any: BTreeMap<usize, f64> = BTreeMap::new();
        for ((or, _), share) in arms {
            *any.entry(or).or_insert(1.0) *= 1.0 - share.min(1.0);
        }
        always * any.values().map(|none| 1.0 - none).product::<f64>()
    }

    fn filters<'s>(&'s self, named: &'s Named<'_>) -> impl Iterator<Item = &'s FilterEstimate> {
        self.estimates.filters.iter().filter(|one| named.relations.contains(&one.relation))
    }

    /// The table that a name in the statement stands for.
    fn named(&self, alias: &str) -> Option<Named<'_>> {
        let relations: Vec<usize> = self
            .estimates
            .relations
            .iter()
            .enumerate()
            .filter(|(_, (name, _))| name.eq_ignore_ascii_case(alias))
            .map(|(at, _)| at)
            .collect();
        let name = relations.first().and_then(|&at| self.estimates.relations.get(at));
        let name = name.map_or(alias, |(_, table)| table.as_str());
        let table = self.catalogue.table(name)?;
        Some(Named { table, relations })
    }

    /// What a person and the advisor want to know of a step.
    fn fill(&self, node: &mut PlanNode, step: &Step, own: Sum) {
        node.cost = Some(own.cost);
        node.rows = Some(own.rows);
        node.access = match &step.what {
            What::Sort { .. } => Some(Access::Sort),
            _ => None,
        };
        let What::Read(read) = &step.what else { return };
        node.alias = Some(read.alias.clone());
        node.table = self.named(&read.alias).map(|named| named.table.name.clone());
        node.index = read.index.as_ref().map(|name| {
            match self.drafts.iter().position(|draft| draft == name) {
                Some(at) => UsedIndex::Draft(at),
                None => UsedIndex::Existing(name.clone()),
            }
        });
        // Its name says nothing to a person.
        if let Some(UsedIndex::Draft(_)) = node.index {
            node.what = step.line.split(" USING").next().unwrap_or_default().to_owned();
        }
        node.access = Some(match read {
            read if read.automatic => Access::AutomaticIndex,
            Read { index: Some(_), covering: true, .. } => Access::IndexOnly,
            Read { search: true, .. } => Access::Index,
            _ => Access::Full,
        });
    }
}

/// What going down a tree of so many rows costs.
fn descent(rows: f64) -> f64 {
    rows.max(2.0).log2() * DESCENT_COST
}

fn is_column(of: &KeyOf, name: &str) -> bool {
    match of {
        KeyOf::Column(column) => column.eq_ignore_ascii_case(name),
        // What EXPLAIN calls every expression of an index.
        KeyOf::Expression(_) => name == "<expr>",
    }
}

// === impl Index ===

impl Index {
    fn first_column(&self) -> Option<&str> {
        self.key.first()?.column_name()
    }
}
