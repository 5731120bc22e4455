//! The kind and the tables of a parsed statement.

use std::{
    fmt::{self, Write},
    ops::ControlFlow,
};

use sqlparser::ast::{
    AssignmentTarget, Delete, FromTable, ObjectName, ObjectType, Query, Select, Set, SetExpr,
    Statement, TableFactor, TableObject, TableWithJoins, Update, Visit, Visitor,
};

use super::{
    kind::Kind,
    tables::{Expressions, Tables, Targets},
};

/// What a statement does, and to what; `None` where the tree says less of it than the tokens do.
pub(super) fn relations(statement: &Statement) -> Option<(Kind, Tables)> {
    if !is_understood(statement) {
        return None;
    }
    let mut found = Relations::default();
    let is_broken = statement.visit(&mut found).is_break();
    if is_broken || found.written.iter().any(|name| leads_to_table(name)) {
        return None;
    }
    let kind = match kind_of(statement) {
        Kind::Select => found.kind_within.unwrap_or(Kind::Select),
        kind => kind,
    };
    let mut tables = Tables::default();
    for name in &found.written {
        tables.add_written(name);
        // Each write was met once among all tables; what is left was read.
        if let Some(at) = found.met.iter().position(|met| met == name) {
            found.met.remove(at);
        }
    }
    found.met.iter().for_each(|name| tables.add_read(name));
    Some((kind, tables))
}

/// Whether a tree names the tables of such a statement, each as what it is.
///
/// Of the commands, and of triggers and the like, it keeps no name, or keeps it where a walk does not come by.
fn is_understood(statement: &Statement) -> bool {
    match statement {
        Statement::Query(_)
        | Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Delete(_)
        | Statement::Merge(_)
        | Statement::Truncate(_)
        | Statement::CreateTable(_)
        | Statement::CreateView(_)
        | Statement::CreateIndex(_)
        | Statement::AlterTable(_)
        | Statement::StartTransaction { .. }
        | Statement::Commit { .. }
        | Statement::Rollback { .. }
        | Statement::Savepoint { .. }
        | Statement::ReleaseSavepoint { .. }
        | Statement::Set(_) => true,
        Statement::Drop { object_type, .. } => {
            matches!(object_type, ObjectType::Table | ObjectType::View)
        }
        Statement::Explain { statement, .. } => is_understood(statement),
        _ => false,
    }
}

/// Words that the parser takes for a table where they only stand before one: `from only t`, `delete quick from t`.
fn leads_to_table(name: &str) -> bool {
    matches!(name, "only" | "low_priority" | "quick" | "ignore" | "overwrite")
}

#[derive(Default)]
struct Relations {
    /// Every table in the order of the tree, and those of them that are written.
    met: Vec<String>,
    written: Vec<String>,
    /// The common table expressions in sight: name, address of the body, whether it can be seen yet.
    expressions: Vec<(String, usize, bool)>,
    kind_within: Option<Kind>,
    depth: usize,
    /// Whether the next relation is a function.
    is_call: bool,
}

impl Visitor for Relations {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let name = cte.alias.name.value.to_ascii_lowercase();
                self.expressions.push((name, address(&cte.query), with.recursive));
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            let left = self.expressions.len().saturating_sub(with.cte_tables.len());
            self.expressions.truncate(left);
        }
        for (_, body, is_visible) in &mut self.expressions {
            *is_visible |= *body == address(query);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        // `into` may name a variable or a table, and the tree does not say which.
        if select.into.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        self.is_call = matches!(factor, TableFactor::Table { args: Some(_), .. });
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = written_out(relation);
        if leads_to_table(&name) {
            return ControlFlow::Break(());
        }
        let is_hidden =
            self.expressions.iter().any(|(known, _, is_visible)| *is_visible && *known == name);
        if !std::mem::take(&mut self.is_call) && !is_hidden && name != "dual" {
            self.met.push(name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        let kind = kind_of(statement);
        if self.depth > 0 && kind.is_write() {
            self.kind_within.get_or_insert(kind);
        }
        self.depth += 1;
        self.note_writes(statement);
        ControlFlow::Continue(())
    }
}

impl Relations {
    fn note_writes(&mut self, statement: &Statement) {
        match statement {
            Statement::Insert(insert) => {
                if let TableObject::TableName(name) = &insert.table {
                    self.wrote(name);
                }
            }
            Statement::Update(update) => self.written.extend(targets_of_update(update)),
            Statement::Delete(delete) => self.written.extend(targets_of_delete(delete)),
            Statement::Merge(merge) => {
                if let TableFactor::Table { name, .. } = &merge.table {
                    self.wrote(name);
                }
            }
            Statement::Truncate(truncate) => {
                truncate.table_names.iter().for_each(|target| self.wrote(&target.name))
            }
            Statement::CreateTable(create) => self.wrote(&create.name),
            Statement::CreateView(create) => self.wrote(&create.name),
            Statement::CreateIndex(create) => self.wrote(&create.table_name),
            Statement::AlterTable(alter) => self.wrote(&alter.name),
            Statement::Drop {
                object_type: ObjectType::Table | ObjectType::View, names, ..
            } => {
                names.iter().for_each(|name| self.wrote(name));
            }
            _ => {}
        }
    }

    fn wrote(&mut self, name: &ObjectName) {
        self.written.push(written_out(name));
    }
}

fn targets_of_update(update: &Update) -> Vec<String> {
    let mut targets = Targets::default();
    name_all(&mut targets, std::slice::from_ref(&update.table));
    for assignment in &update.assignments {
        if let AssignmentTarget::ColumnName(column) = &assignment.target
            && let [qualifiers @ .., _column] = column.0.as_slice()
            && let Some(qualifier) = qualifiers.last()
        {
            targets.aim(qualifier.to_string().to_ascii_lowercase());
        }
    }
    settled(targets)
}

fn targets_of_delete(delete: &Delete) -> Vec<String> {
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let mut targets = Targets::default();
    match (&delete.using, delete.tables.is_empty()) {
        // `delete a from t a join b`
        (None, false) => {
            delete.tables.iter().for_each(|name| targets.aim(written_out(name)));
            name_all(&mut targets, from);
        }
        (using, _) => {
            for table in from {
                if let TableFactor::Table { name, .. } = &table.relation {
                    targets.aim(written_out(name));
                }
            }
            name_all(&mut targets, using.as_deref().unwrap_or_default());
        }
    }
    settled(targets)
}

fn name_all(targets: &mut Targets, tables: &[TableWithJoins]) {
    for table in tables {
        let joined = table.joins.iter().map(|join| &join.relation);
        for factor in std::iter::once(&table.relation).chain(joined) {
            if let TableFactor::Table { name, alias, args: None, .. } = factor {
                targets.name(written_out(name));
                if let Some(alias) = alias {
                    targets.alias(&alias.name.value.to_ascii_lowercase());
                }
            }
        }
    }
}

fn settled(mut targets: Targets) -> Vec<String> {
    let mut tables = Tables::default();
    targets.settle(&mut tables, &Expressions::default());
    tables.written
}

fn written_out(name: &ObjectName) -> String {
    let parts = name
        .0
        .iter()
        .map(|part| part.as_ident().map_or_else(|| part.to_string(), |ident| ident.value.clone()));
    parts.collect::<Vec<_>>().join(".").to_ascii_lowercase()
}

fn address(query: &Query) -> usize {
    std::ptr::from_ref(query) as usize
}

fn kind_of(statement: &Statement) -> Kind {
    match statement {
        Statement::Query(query) => kind_of_query(&query.body),
        Statement::Insert(_) => Kind::Insert,
        Statement::Update(_) => Kind::Update,
        Statement::Delete(_) => Kind::Delete,
        Statement::Merge(_) => Kind::Merge,
        Statement::Truncate(_)
        | Statement::Comment { .. }
        | Statement::Grant(_)
        | Statement::Revoke(_)
        | Statement::RenameTable(_)
        | Statement::Drop { .. } => Kind::Ddl,
        Statement::StartTransaction { .. }
        | Statement::Commit { .. }
        | Statement::Rollback { .. }
        | Statement::Savepoint { .. }
        | Statement::ReleaseSavepoint { .. }
        | Statement::Set(Set::SetTransaction { .. }) => Kind::Transaction,
        other => kind_of_text(other),
    }
}

fn kind_of_query(body: &SetExpr) -> Kind {
    match body {
        SetExpr::Insert(_) => Kind::Insert,
        SetExpr::Update(_) => Kind::Update,
        SetExpr::Delete(_) => Kind::Delete,
        SetExpr::Merge(_) => Kind::Merge,
        _ => Kind::Select,
    }
}

/// The parser knows some fifty sorts of `create`, `alter` and `drop`; all are written with that word first.
fn kind_of_text(statement: &Statement) -> Kind {
    let mut first = FirstPiece(String::new());
    let _stops_early = write!(first, "{statement}");
    match first.0.split_ascii_whitespace().next() {
        Some("CREATE" | "ALTER" | "DROP") => Kind::Ddl,
        _ => Kind::Utility,
    }
}

/// Takes the first piece that is written and refuses the rest, which may be long and deep.
struct FirstPiece(String);

impl fmt::Write for FirstPiece {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.push_str(piece);
        if self.0.len() < 8 { Ok(()) } else { Err(fmt::Error) }
    }
}
