//! Which table a name means, and which of its indexes a condition may use.

use sqlparser::ast::{
    BinaryOperator, Expr, FromTable, Join, JoinConstraint, JoinOperator, LimitClause, ObjectName,
    Query, Select, SetExpr, Statement, TableFactor, TableWithJoins,
};

use super::expressions::{Name, columns_of, conjuncts, constant_side, name_of, plain};
use crate::inquire::{Catalogue, Index, KeyOf, Table};

/// The tables one `select` reads.
pub(in super::super) struct Scope<'a> {
    pub(in super::super) tables: Vec<ScopeTable<'a>>,
}

/// A table in a scope.
pub(in super::super) struct ScopeTable<'a> {
    /// The name columns are written with.
    pub(in super::super) alias: String,
    /// The table's own name; `None` for a subquery, a function or a common table expression.
    pub(in super::super) name: Option<String>,
    /// What the catalogue says of it.
    pub(in super::super) known: Option<&'a Table>,
}

/// A column of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Column {
    /// The table's place in the scope.
    pub(in super::super) table: usize,
    /// The column's name, in lower case.
    pub(in super::super) name: String,
}

// === impl Scope ===

impl<'a> Scope<'a> {
    /// The tables of a `select`; `hidden` are the names of common table expressions around it.
    pub(in super::super) fn of(
        select: &Select,
        hidden: &[String],
        catalogue: Option<&'a Catalogue>,
    ) -> Self {
        let mut tables = Vec::new();
        for from in &select.from {
            tables.push(ScopeTable::of(&from.relation, hidden, catalogue));
            for join in &from.joins {
                tables.push(ScopeTable::of(&join.relation, hidden, catalogue));
            }
        }
        Self { tables }
    }

    /// A scope of one table, as an update or a delete has.
    pub(in super::super) fn of_table(
        factor: &TableFactor,
        catalogue: Option<&'a Catalogue>,
    ) -> Self {
        Self { tables: vec![ScopeTable::of(factor, &[], catalogue)] }
    }

    /// The column an expression is, if it is a column of this scope.
    pub(in super::super) fn column(&self, expr: &Expr) -> Option<Column> {
        self.resolve(&name_of(expr)?)
    }

    /// The column a name means, if it is one of this scope.
    ///
    /// A name without a qualifier means the only table, or else the only known one that has it.
    pub(in super::super) fn resolve(&self, name: &Name) -> Option<Column> {
        let (column, qualifiers) = name.split_last()?;
        let table = match (qualifiers.last(), self.tables.as_slice()) {
            (Some(qualifier), tables) => tables.iter().position(|one| one.is_called(qualifier))?,
            (None, [only]) if only.may_have(column) => 0,
            (None, tables) => {
                let mut having = (0..tables.len()).filter(|&at| {
                    tables[at].known.is_some_and(|known| known.column(column).is_some())
                });
                let first = having.next()?;
                having.next().is_none().then_some(first)?
            }
        };
        Some(Column { table, name: column.clone() })
    }

    /// What the catalogue says of a column's table.
    pub(in super::super) fn table_of(&self, column: &Column) -> Option<&'a Table> {
        self.tables.get(column.table)?.known
    }

    /// Whether the conditions leave one row of a table at most: they fix all columns of a unique key.
    pub(in super::super) fn is_one_row(&self, table: usize, conditions: &[&Expr]) -> bool {
        let fixed = self.fixed(table, conditions, false);
        self.has_unique_key(table, &fixed)
    }

    /// For each table, whether conditions leave one row of it at most: they fix a unique key by constants, or by columns of
    /// other tables of which there is one row.
    pub(in super::super) fn single_rows(&self, conditions: &[&Expr]) -> Vec<bool> {
        let mut single = vec![false; self.tables.len()];
        // Each round may find one more, and the last finds none.
        for _ in 0..self.tables.len() {
            for table in 0..self.tables.len() {
                let mut fixed = self.fixed(table, conditions, false);
                let tied = conditions.iter().filter_map(|condition| self.equal_columns(condition));
                fixed.extend(tied.filter_map(|(a, b)| {
                    match (a.table == table, b.table == table) {
                        (true, false) if single[b.table] => Some(a.name),
                        (false, true) if single[a.table] => Some(b.name),
                        _ => None,
                    }
                }));
                single[table] |= self.has_unique_key(table, &fixed);
            }
        }
        single
    }

    /// Whether each row of the other tables has one partner at most in this one, by a unique key.
    pub(in super::super) fn is_to_one(&self, table: usize, conditions: &[&Expr]) -> bool {
        let tied = conditions.iter().filter_map(|condition| self.equal_columns(condition));
        let tied = tied.filter_map(|(a, b)| match (a.table == table, b.table == table) {
            (true, false) => Some(a.name),
            (false, true) => Some(b.name),
            _ => None,
        });
        let mut fixed: Vec<_> = tied.collect();
        fixed.extend(self.fixed(table, conditions, false));
        self.has_unique_key(table, &fixed)
    }

    /// The two columns that a condition wants equal.
    pub(super) fn equal_columns(&self, condition: &Expr) -> Option<(Column, Column)> {
        match plain(condition) {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                Some((self.column(left)?, self.column(right)?))
            }
            _ => None,
        }
    }

    /// The columns of a table that have to equal a constant, or where `lists` one of a list of constants.
    pub(in super::super) fn fixed(
        &self,
        table: usize,
        conditions: &[&Expr],
        lists: bool,
    ) -> Vec<String> {
        let of = |condition: &&Expr| {
            let is_equality = match plain(condition) {
                Expr::BinaryOp { op, .. } => *op == BinaryOperator::Eq,
                Expr::InList { negated, .. } => lists && !negated,
                Expr::AnyOp { compare_op, .. } => lists && *compare_op == BinaryOperator::Eq,
                _ => false,
            };
            let column = self.column(constant_side(condition)?)?;
            (is_equality && column.table == table).then_some(column.name)
        };
        conditions.iter().filter_map(of).collect()
    }

    /// Whether some of these columns are a unique key of a table.
    pub(in super::super) fn has_unique_key(&self, table: usize, columns: &[String]) -> bool {
        let Some(known) = self.tables.get(table).and_then(|table| table.known) else {
            return false;
        };
        known.indexes.iter().any(|index| is_key_of(index, columns))
    }

    /// Whether rows of a table differ in these columns: they are a unique key that is never NULL. Of a unique key that may be, any
    /// number of rows may be.
    pub(in super::super) fn tells_rows_apart(&self, table: usize, columns: &[String]) -> bool {
        let Some(known) = self.tables.get(table).and_then(|table| table.known) else {
            return false;
        };
        known.indexes.iter().any(|index| {
            let mut key = index.leading_columns().map(|name| known.column(name));
            // SQLite tells no more of a primary key than that it is one.
            let is_filled =
                index.primary || key.all(|column| column.is_some_and(|one| !one.nullable));
            is_filled && is_key_of(index, columns)
        })
    }

    /// The index, if any, that leads to a few of a table's rows already, by what conditions want equal to constants or to
    /// single rows of other tables. Of a column without statistics few rows are taken for granted.
    pub(in super::super) fn led_to(&self, table: usize, conditions: &[&Expr]) -> Option<&'a Index> {
        let known = self.tables.get(table)?.known?;
        let single = self.single_rows(conditions);
        let mut fixed = self.fixed(table, conditions, true);
        let tied = conditions.iter().filter_map(|condition| self.equal_columns(condition));
        fixed.extend(tied.filter_map(|(a, b)| match (a.table == table, b.table == table) {
            (true, false) if single[b.table] => Some(a.name),
            (false, true) if single[a.table] => Some(b.name),
            _ => None,
        }));
        fixed
            .into_iter()
            .filter(|column| is_selective(known, column))
            .find_map(|column| index_on(known, &column))
    }

    /// The index, if any, whose key begins with a column.
    pub(in super::super) fn index_on(&self, column: &Column) -> Option<&'a Index> {
        index_on(self.table_of(column)?, &column.name)
    }

    /// An index whose key begins with an expression for which `is` holds.
    pub(in super::super) fn expression_index(
        &self,
        table: usize,
        is: impl Fn(&str) -> bool,
    ) -> Option<&'a Index> {
        let known = self.tables.get(table)?.known?;
        known.indexes.iter().find(|index| match index.key.first().map(|part| &part.of) {
            Some(KeyOf::Expression(sql)) => index.valid && is(sql),
            _ => false,
        })
    }
}

/// Whether some of these columns are all that a unique index holds.
fn is_key_of(index: &Index, columns: &[String]) -> bool {
    let whole = index.leading_columns().count() == index.key.len();
    let all =
        index.leading_columns().all(|key| columns.iter().any(|c| c.eq_ignore_ascii_case(key)));
    index.unique && index.valid && index.predicate.is_none() && whole && all
}

/// Distinct values from which on a column's value leaves few rows: a hundredth of them.
const SELECTIVE_MIN: f64 = 100.0;

fn is_selective(table: &Table, column: &str) -> bool {
    let spread = table.column(column).and_then(|column| column.spread.as_ref());
    spread.is_none_or(|spread| spread.distinct >= SELECTIVE_MIN)
}

/// Whether an index finds all rows with a value.
pub(super) fn may_lead(index: &Index) -> bool {
    index.valid && index.predicate.is_none() && index.method != "gin"
}

/// The index, if any, of a table whose key begins with a column.
fn index_on<'a>(table: &'a Table, column: &str) -> Option<&'a Index> {
    table.indexes.iter().find(|index| {
        let first = index.leading_columns().next();
        may_lead(index) && first.is_some_and(|first| first.eq_ignore_ascii_case(column))
    })
}

// === impl ScopeTable ===

impl<'a> ScopeTable<'a> {
    fn of(factor: &TableFactor, hidden: &[String], catalogue: Option<&'a Catalogue>) -> Self {
        let (name, alias) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => (Some(written_out(name)), alias),
            TableFactor::Table { alias, .. }
            | TableFactor::Derived { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::NestedJoin { alias, .. } => (None, alias),
            _ => (None, &None),
        };
        let alias = match (alias, &name) {
            (Some(alias), _) => alias.name.value.to_ascii_lowercase(),
            (None, Some(name)) => name.rsplit('.').next().unwrap_or(name).to_owned(),
            (None, None) => String::new(),
        };
        let name = name.filter(|name| !hidden.contains(name));
        let known = name.as_ref().and_then(|name| catalogue?.table(name));
        Self { alias, name, known }
    }

    fn is_called(&self, qualifier: &str) -> bool {
        self.alias == *qualifier
    }

    fn may_have(&self, column: &str) -> bool {
        self.known.is_none_or(|known| known.columns.is_empty() || known.column(column).is_some())
    }

    /// Rows, where the catalogue says.
    pub(in super::super) fn rows(&self) -> Option<f64> {
        self.known?.rows
    }
}

/// Every `select` at the top of a statement: one, or the arms of its set operations. With each come the names that common
/// table expressions around it hide: the tables of those names are not meant.
pub(in super::super) fn top_selects(statement: &Statement) -> Vec<(&Select, Vec<String>)> {
    let mut found = Vec::new();
    if let Statement::Query(query) = statement {
        selects_of(&query.body, hidden_by(query), &mut found);
    }
    found
}

fn selects_of<'a>(
    body: &'a SetExpr,
    hidden: Vec<String>,
    found: &mut Vec<(&'a Select, Vec<String>)>,
) {
    match body {
        SetExpr::Select(select) => found.push((select, hidden)),
        SetExpr::Query(query) => selects_of(&query.body, hidden_within(&hidden, query), found),
        SetExpr::SetOperation { left, right, .. } => {
            selects_of(left, hidden.clone(), found);
            selects_of(right, hidden, found);
        }
        _ => {}
    }
}

/// Which rows a statement asks for, at its top: for each `select`, for an update or a delete, the tables and all conditions.
pub(in super::super) fn asked<'s, 'c>(
    statement: &'s Statement,
    catalogue: Option<&'c Catalogue>,
) -> Vec<(Scope<'c>, Vec<&'s Expr>)> {
    let of_table =
        |factor, selection| vec![(Scope::of_table(factor, catalogue), conjuncts(selection))];
    match statement {
        Statement::Update(update) if update.from.is_none() && update.table.joins.is_empty() => {
            of_table(&update.table.relation, update.selection.as_ref())
        }
        Statement::Delete(delete) if delete.using.is_none() => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            match from.as_slice() {
                [only] if only.joins.is_empty() => {
                    of_table(&only.relation, delete.selection.as_ref())
                }
                _ => Vec::new(),
            }
        }
        Statement::Query(query) => {
            let mut asked = Vec::new();
            asked_of(query, &[], true, catalogue, &mut asked);
            asked
        }
        _ => Vec::new(),
    }
}

/// The same of a query, and of the queries in it that do not depend on the rows around them.
fn asked_of<'s, 'c>(
    query: &'s Query,
    hidden: &[String],
    is_top: bool,
    catalogue: Option<&'c Catalogue>,
    found: &mut Vec<(Scope<'c>, Vec<&'s Expr>)>,
) {
    let hidden = hidden_within(hidden, query);
    let mut inner: Vec<&Query> =
        query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| &*cte.query).collect();
    let mut selects = Vec::new();
    selects_of(&query.body, hidden.clone(), &mut selects);
    for (select, hidden) in selects {
        let scope = Scope::of(select, &hidden, catalogue);
        let conditions = all_conditions(select);
        inner.extend(conditions.iter().flat_map(|condition| queries_asked(condition)));
        inner.extend(select.from.iter().flat_map(queries_joined));
        let names = conditions.iter().flat_map(|condition| columns_of(condition));
        if is_top || names.into_iter().all(|name| scope.resolve(&name).is_some()) {
            found.push((scope, conditions));
        }
    }
    for query in inner {
        asked_of(query, &hidden, false, catalogue, found);
    }
}

/// The queries whose rows or value a condition is about.
fn queries_asked(condition: &Expr) -> Vec<&Query> {
    match plain(condition) {
        Expr::InSubquery { subquery, negated: false, .. } => vec![subquery],
        Expr::BinaryOp { left, right, .. } => [left, right]
            .into_iter()
            .filter_map(|side| match plain(side) {
                Expr::Subquery(query) => Some(&**query),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The queries that stand in the place of a table.
fn queries_joined(from: &TableWithJoins) -> Vec<&Query> {
    let factors =
        std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation));
    let query = |factor| match factor {
        &TableFactor::Derived { lateral: false, ref subquery, .. } => Some(&**subquery),
        _ => None,
    };
    factors.filter_map(query).collect()
}

/// The conditions of a `select`, those of its joins included.
pub(in super::super) fn all_conditions(select: &Select) -> Vec<&Expr> {
    let mut conditions = conjuncts(select.selection.as_ref());
    conditions.extend(joined_on(select));
    conditions
}

/// The query and the `select` of a statement that is a single one, with the names of its common table expressions.
pub(in super::super) fn only_select(
    statement: &Statement,
) -> Option<(&Query, &Select, Vec<String>)> {
    let Statement::Query(query) = statement else { return None };
    let SetExpr::Select(select) = &*query.body else { return None };
    Some((query, select, hidden_by(query)))
}

/// The names of the common table expressions of a query.
fn hidden_by(query: &Query) -> Vec<String> {
    let with = query.with.iter().flat_map(|with| &with.cte_tables);
    with.map(|cte| cte.alias.name.value.to_ascii_lowercase()).collect()
}

/// The names that are hidden within a query: those that are around it, and its own.
pub(in super::super) fn hidden_within(around: &[String], query: &Query) -> Vec<String> {
    around.iter().cloned().chain(hidden_by(query)).collect()
}

/// Whether a query gives only so many rows.
pub(in super::super) fn has_limit(query: &Query) -> bool {
    query.limit_clause.is_some() || query.fetch.is_some()
}

/// Whether a query skips rows.
pub(in super::super) fn has_offset(query: &Query) -> bool {
    matches!(
        query.limit_clause,
        Some(
            LimitClause::LimitOffset { offset: Some(_), .. } | LimitClause::OffsetCommaLimit { .. }
        )
    )
}

/// The conditions of all joins of a `select`.
pub(in super::super) fn joined_on(select: &Select) -> Vec<&Expr> {
    let joins = select.from.iter().flat_map(|from| &from.joins);
    joins.filter_map(constraint).flat_map(|on| conjuncts(on_expr(on))).collect()
}

fn on_expr(constraint: &JoinConstraint) -> Option<&Expr> {
    match constraint {
        JoinConstraint::On(expr) => Some(expr),
        _ => None,
    }
}

/// Whether a `select` keeps only rows that have a partner in every table it joins.
pub(in super::super) fn joins_inner_only(select: &Select) -> bool {
    let mut joins = select.from.iter().flat_map(|from| &from.joins);
    joins.all(|join| {
        matches!(
            join.join_operator,
            JoinOperator::Join(_)
                | JoinOperator::Inner(_)
                | JoinOperator::CrossJoin(_)
                | JoinOperator::StraightJoin(_)
        )
    })
}

/// What a join says of which rows belong together.
pub(in super::super) fn constraint(join: &Join) -> Option<&JoinConstraint> {
    match &join.join_operator {
        JoinOperator::Join(on)
        | JoinOperator::Inner(on)
        | JoinOperator::Left(on)
        | JoinOperator::LeftOuter(on)
        | JoinOperator::Right(on)
        | JoinOperator::RightOuter(on)
        | JoinOperator::FullOuter(on)
        | JoinOperator::CrossJoin(on)
        | JoinOperator::StraightJoin(on) => Some(on),
        _ => None,
    }
}

/// An object's name without quotes, in lower case, its parts joined by dots.
pub(in super::super) fn written_out(name: &ObjectName) -> String {
    let parts = name.0.iter().map(|part| match part.as_ident() {
        Some(ident) => ident.value.to_ascii_lowercase(),
        None => part.to_string().to_ascii_lowercase(),
    });
    parts.collect::<Vec<_>>().join(".")
}
