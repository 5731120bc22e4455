//! Reads a statement: its selects one by one, and each name led back to its table.

use std::fmt;

use sqlparser::ast::{
    AssignmentTarget, Delete, Distinct, Expr, FromTable, GroupByExpr, Ident, LimitClause,
    OrderByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, Statement, TableAlias,
    TableFactor, TableWithJoins, Update, UpdateTableFromKind,
};

use super::columns::{Names, Outputs, Parts, Scope, Source, written_out};
use super::filters::split_and;
use super::reading::{ColumnRef, Group, Reading, Relation, Sort, ValueUse};
use super::shape::is_plain;
use crate::identify::{Dialect, Wording, numbered_as_told, parsed};
use crate::inquire::Catalogue;

/// How many relations a statement may have that is read. Beyond, candidates and plans would take too long.
pub(super) const RELATIONS_MAX: usize = 32;

/// How many columns of a select are known by name, PostgreSQL's own limit. A chain of `select * from a x, a y` would
/// double them at each step.
const OUTPUTS_MAX: usize = 1_664;

/// Reads a statement; `None` when it is not understood, or is none that reads or writes rows of tables that exist.
///
/// Takes a normalised text, or any other. Cost: a parse on a thread of its own, as for
/// [`identify::refine`](crate::identify::refine).
#[must_use]
pub fn read(text: &str, dialect: Dialect, catalogue: &Catalogue) -> Option<Reading> {
    read_as_told(text, dialect, catalogue, &Wording::default())
}

/// Reads a normalised text with what is known of the literals that were hidden.
#[must_use]
pub fn read_as_told(
    text: &str,
    dialect: Dialect,
    catalogue: &Catalogue,
    wording: &Wording,
) -> Option<Reading> {
    // The parser takes escapes out of a literal and does not put them back: written out again it would end elsewhere.
    if dialect == Dialect::MySql && text.contains('\\') {
        return None;
    }
    let (text, prefixes) = numbered_as_told(text, dialect, wording);
    parsed(&text, dialect, |statement| {
        Reader { prefixes, ..Reader::new(dialect, catalogue) }.statement(&statement)
    })
}

/// A value in the place of a column: the number of one, hidden as any number.
fn position(expr: &Expr) -> Option<&Expr> {
    matches!(expr, Expr::Value(_)).then_some(expr)
}

/// A statement on its way to being read.
pub(super) struct Reader<'a> {
    pub(super) names: Names<'a>,
    pub(super) reading: Reading,
    pub(super) ors: usize,
    /// Placeholders in whose place a pattern begins with text.
    pub(super) prefixes: Vec<String>,
    scopes: usize,
}

impl<'a> Reader<'a> {
    fn new(dialect: Dialect, catalogue: &'a Catalogue) -> Self {
        Self {
            names: Names { catalogue, scopes: Vec::new(), expressions: Vec::new() },
            reading: Reading {
                question: String::new(),
                dialect,
                relations: Vec::new(),
                filters: Vec::new(),
                joins: Vec::new(),
                sorts: Vec::new(),
                groups: Vec::new(),
                sets: Vec::new(),
                rows_tell: false,
                values: Vec::new(),
                compared: Vec::new(),
            },
            ors: 0,
            prefixes: Vec::new(),
            scopes: 0,
        }
    }

    fn statement(mut self, statement: &Statement) -> Option<Reading> {
        match statement {
            Statement::Query(query) => {
                self.reading.question = query.to_string();
                self.reading.rows_tell = is_plain(query);
                self.query(query);
            }
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Insert(insert) => {
                let source = insert.source.as_ref()?;
                if matches!(*source.body, SetExpr::Values(_)) {
                    return None;
                }
                self.reading.question = source.to_string();
                self.reading.rows_tell = is_plain(source);
                self.query(source);
            }
            _ => return None,
        }
        let count = self.reading.relations.len();
        ((1..=RELATIONS_MAX).contains(&count)).then_some(self.reading)
    }

    fn update(&mut self, update: &Update) {
        let mut from = vec![update.table.clone()];
        if let Some(UpdateTableFromKind::BeforeSet(more) | UpdateTableFromKind::AfterSet(more)) =
            &update.from
        {
            from.extend(more.iter().cloned());
        }
        let order = update.order_by.as_slice();
        let bounds = Bounds { order, limit: update.limit.as_ref() };
        self.rows_of(&from, update.selection.as_ref(), &bounds, |reader| {
            for assignment in &update.assignments {
                reader.expr(&assignment.value);
                let targets = match &assignment.target {
                    AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
                    AssignmentTarget::Tuple(names) => names.as_slice(),
                };
                for target in targets {
                    let name: Vec<Ident> =
                        target.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
                    if let Some(column) = reader.names.column(&reader.reading.relations, &name) {
                        reader.reading.relations[column.relation].written = true;
                        reader.reading.sets.push(column);
                    }
                }
            }
        });
    }

    fn delete(&mut self, delete: &Delete) {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let all: Vec<_> = from.iter().chain(delete.using.iter().flatten()).cloned().collect();
        let bounds = Bounds { order: &delete.order_by, limit: delete.limit.as_ref() };
        self.rows_of(&all, delete.selection.as_ref(), &bounds, |reader| {
            if let Some(first) = reader.reading.relations.first_mut() {
                first.written = true;
            }
        });
    }

    /// The rows an update or delete is about: a select of them.
    fn rows_of(
        &mut self,
        from: &[TableWithJoins],
        selection: Option<&Expr>,
        bounds: &Bounds<'_>,
        also: impl FnOnce(&mut Self),
    ) {
        let tables: Vec<String> = from.iter().map(ToString::to_string).collect();
        let filter = selection.map(|one| format!(" WHERE {one}")).unwrap_or_default();
        self.reading.question = format!("SELECT * FROM {}{filter}{bounds}", tables.join(", "));
        self.reading.rows_tell = bounds.limit.is_none();
        let scope = self.open_scope();
        for table in from {
            self.table_with_joins(table);
        }
        selection.into_iter().for_each(|one| self.condition(one));
        also(self);
        self.note_value(bounds.limit, ValueUse::Limit);
        self.sorted(bounds.order, scope, bounds.limit.is_some(), &Outputs::default());
        // A row that is written is fetched whole.
        for relation in &mut self.reading.relations {
            relation.all_used |= relation.scope == 0;
        }
        self.names.scopes.pop();
    }

    fn open_scope(&mut self) -> usize {
        let id = self.scopes;
        self.scopes += 1;
        self.names.scopes.push(Scope { id, ..Scope::default() });
        id
    }

    /// Reads a query and says what it gives.
    pub(super) fn query(&mut self, query: &Query) -> Outputs {
        let known = self.names.expressions.len();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let outputs = self.query(&cte.query).renamed(&column_names(&cte.alias));
            self.names.expressions.push((cte.alias.name.value.clone(), outputs));
        }
        let limited = self.limit(query);
        let outputs = match query.body.as_ref() {
            SetExpr::Select(select) => self.select(select, Some((query, limited))),
            body => self.body(body),
        };
        self.names.expressions.truncate(known);
        outputs
    }

    fn body(&mut self, body: &SetExpr) -> Outputs {
        match body {
            SetExpr::Select(select) => self.select(select, None),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                let outputs = self.body(left);
                self.body(right);
                // Two columns in one: neither side's own.
                Outputs {
                    columns: outputs.columns.into_iter().map(|(name, _)| (name, None)).collect(),
                }
            }
            _ => Outputs::default(),
        }
    }

    /// Notes the values that bound the rows; whether only the first rows are wanted.
    fn limit(&mut self, query: &Query) -> bool {
        let (limit, offset) = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
            None => (None, None),
        };
        let fetch = query.fetch.as_ref();
        let limit = limit.or_else(|| fetch.and_then(|fetch| fetch.quantity.as_ref()));
        self.note_value(limit, ValueUse::Limit);
        self.note_value(offset, ValueUse::Offset);
        limit.is_some() || fetch.is_some()
    }

    fn note_value(&mut self, value: Option<&Expr>, what: ValueUse) {
        if let Some(value) = value.filter(|value| Parts::of(value).is_open) {
            self.reading.values.push((value.to_string(), what));
        }
    }

    fn select(&mut self, select: &Select, order: Option<(&Query, bool)>) -> Outputs {
        let scope = self.open_scope();
        for table in &select.from {
            self.table_with_joins(table);
        }
        let outputs = self.projection(select);
        select.selection.iter().for_each(|one| self.condition(one));
        select.having.iter().for_each(|one| self.expr(one));
        self.grouping(select, scope, &outputs);
        if let Some((query, limited)) = order {
            self.order(query, scope, limited, &outputs);
        }
        self.names.scopes.pop();
        outputs
    }

    fn projection(&mut self, select: &Select) -> Outputs {
        let mut outputs = Outputs::default();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = match expr {
                        Expr::Identifier(name) => name.value.clone(),
                        Expr::CompoundIdentifier(names) => {
                            names.last().map(|name| name.value.clone()).unwrap_or_default()
                        }
                        _ => String::new(),
                    };
                    outputs.columns.push((name, self.plain_column(expr)));
                    self.expr(expr);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    outputs.columns.push((alias.value.clone(), self.plain_column(expr)));
                    self.expr(expr);
                }
                SelectItem::ExprWithAliases { expr, .. } => self.expr(expr),
                SelectItem::QualifiedWildcard(..) | SelectItem::Wildcard(_) => {
                    outputs.columns.extend(self.all_columns());
                }
            }
        }
        outputs.columns.truncate(OUTPUTS_MAX);
        outputs
    }

    /// `*`: the columns of everything in the innermost select.
    fn all_columns(&mut self) -> Vec<(String, Option<ColumnRef>)> {
        let mut all = Vec::new();
        let Some(scope) = self.names.scopes.last() else { return all };
        for (_, source) in &scope.sources {
            match source {
                Source::Table(relation) => {
                    let Some(table) = self.names.table(&self.reading.relations, *relation) else {
                        continue;
                    };
                    all.extend(table.columns.iter().map(|column| {
                        let of = ColumnRef { relation: *relation, column: column.name.clone() };
                        (column.name.clone(), Some(of))
                    }));
                    self.reading.relations[*relation].all_used = true;
                }
                Source::Derived(outputs) => all.extend(outputs.columns.iter().cloned()),
                Source::Unknown => {}
            }
        }
        all
    }

    fn grouping(&mut self, select: &Select, scope: usize, outputs: &Outputs) {
        let mut columns = Vec::new();
        if let GroupByExpr::Expressions(exprs, _) = &select.group_by {
            for (at, expr) in exprs.iter().enumerate() {
                self.note_value(position(expr), ValueUse::Position(at + 1));
                self.expr(expr);
                columns.extend(self.plain_column(expr).or_else(|| by_output(expr, outputs)));
            }
        }
        if let Some(Distinct::Distinct) = select.distinct {
            columns.extend(outputs.columns.iter().filter_map(|(_, column)| column.clone()));
        }
        if !columns.is_empty() {
            self.reading.groups.push(Group { scope, columns });
        }
    }

    fn order(&mut self, query: &Query, scope: usize, limited: bool, outputs: &Outputs) {
        let Some(OrderByKind::Expressions(exprs)) = query.order_by.as_ref().map(|one| &one.kind)
        else {
            return;
        };
        self.sorted(exprs, scope, limited, outputs);
    }

    fn sorted(&mut self, exprs: &[OrderByExpr], scope: usize, limited: bool, outputs: &Outputs) {
        if exprs.is_empty() {
            return;
        }
        let mut columns = Vec::new();
        let mut is_plain = true;
        for order in exprs {
            // What is computed has no order that an index could give: nothing is promised for it.
            let computed = outputs.columns.iter().position(|(_, column)| column.is_none());
            let at = computed.map_or(outputs.columns.len().max(1), |at| at + 1);
            self.note_value(position(&order.expr), ValueUse::Position(at));
            self.expr(&order.expr);
            let column = by_output(&order.expr, outputs).or_else(|| self.plain_column(&order.expr));
            match column {
                Some(column) if is_plain => {
                    let descends = order
                        .options
                        .sort
                        .as_ref()
                        .is_some_and(|sort| matches!(sort, sqlparser::ast::OrderBySort::Desc));
                    columns.push((column, descends));
                }
                _ => is_plain = false,
            }
        }
        self.reading.sorts.push(Sort { scope, columns, limited });
    }

    pub(super) fn factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let name = written_out(name);
                let alias = alias.as_ref().map_or_else(
                    || name.rsplit('.').next().unwrap_or(&name).to_owned(),
                    |alias| alias.name.value.clone(),
                );
                let source = self.source(&name, &alias);
                self.add_source(alias, source);
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let outputs = self.query(subquery);
                let renamed =
                    outputs.renamed(&alias.as_ref().map(column_names).unwrap_or_default());
                let alias =
                    alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                self.add_source(alias, Source::Derived(renamed));
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.table_with_joins(table_with_joins);
            }
            _ => self.add_source(String::new(), Source::Unknown),
        }
    }

    fn source(&mut self, name: &str, alias: &str) -> Source {
        if let Some(outputs) = self.names.expression(name) {
            return Source::Derived(outputs.clone());
        }
        let tables = &self.names.catalogue.tables;
        let found = self.names.catalogue.table(name);
        let place = found.and_then(|one| tables.iter().position(|table| std::ptr::eq(table, one)));
        let Some(table) = place else { return Source::Unknown };
        self.reading.relations.push(Relation {
            table,
            name: tables[table].name.clone(),
            alias: alias.to_owned(),
            scope: self.names.scopes.last().map_or(0, |scope| scope.id),
            used: Vec::new(),
            all_used: false,
            written: false,
            nullable: false,
        });
        Source::Table(self.reading.relations.len() - 1)
    }

    fn add_source(&mut self, alias: String, source: Source) {
        if let Some(scope) = self.names.scopes.last_mut() {
            scope.sources.push((alias, source));
        }
    }

    /// A condition that has to hold.
    pub(super) fn condition(&mut self, condition: &Expr) {
        for part in split_and(condition) {
            self.filter(part, None);
        }
    }

    /// Anything else: notes the columns it uses, and reads the subqueries in it.
    pub(super) fn expr(&mut self, expr: &Expr) {
        let parts = Parts::of(expr);
        for name in &parts.names {
            if let Some(column) = self.names.column(&self.reading.relations, name) {
                self.use_column(&column);
            }
        }
        if parts.is_open {
            self.note_uses(expr);
        }
        for query in &parts.queries {
            self.query(query);
        }
    }

    pub(super) fn use_column(&mut self, column: &ColumnRef) {
        let used = &mut self.reading.relations[column.relation].used;
        if !used.contains(&column.column) {
            used.push(column.column.clone());
        }
    }

    /// The column an expression is, if it is nothing but one.
    pub(super) fn plain_column(&self, expr: &Expr) -> Option<ColumnRef> {
        match expr {
            Expr::Nested(inner) => self.plain_column(inner),
            Expr::Identifier(name) => {
                self.names.column(&self.reading.relations, std::slice::from_ref(name))
            }
            Expr::CompoundIdentifier(names) => self.names.column(&self.reading.relations, names),
            _ => None,
        }
    }
}

/// Which of its rows an update or delete is about (MariaDB, MySQL).
struct Bounds<'a> {
    order: &'a [OrderByExpr],
    limit: Option<&'a Expr>,
}

// === impl Bounds ===

impl fmt::Display for Bounds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, one) in self.order.iter().enumerate() {
            write!(f, "{}{one}", if at == 0 { " ORDER BY " } else { ", " })?;
        }
        self.limit.map_or(Ok(()), |limit| write!(f, " LIMIT {limit}"))
    }
}

/// The output an order or a group names.
fn by_output(expr: &Expr, outputs: &Outputs) -> Option<ColumnRef> {
    match expr {
        Expr::Identifier(name) => outputs.get(&name.value).flatten(),
        _ => None,
    }
}

fn column_names(alias: &TableAlias) -> Vec<String> {
    alias.columns.iter().map(|column| column.name.value.clone()).collect()
}
