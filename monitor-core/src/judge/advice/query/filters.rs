//! Conditions, one by one: what each asks of which relation.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArguments, Query, SelectItem, SetExpr, UnaryOperator, Value,
};

use super::columns::Parts;
use super::read::Reader;
use super::reading::{ColumnRef, Filter, Operand, Test};
use crate::identify::LIST_FROM;
use crate::inquire::KeyOf;

/// How many arms an OR may have that are looked at one by one.
const ARMS_MAX: usize = 16;

/// The part of an OR a condition stands in.
pub(super) type Arm = Option<(usize, usize)>;

/// The parts of a condition that all have to hold.
pub(super) fn split_and(condition: &Expr) -> Vec<&Expr> {
    split(condition, &BinaryOperator::And)
}

fn split<'e>(condition: &'e Expr, by: &BinaryOperator) -> Vec<&'e Expr> {
    let mut parts = Vec::new();
    let mut open = vec![condition];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Nested(inner) => open.push(inner),
            Expr::BinaryOp { left, op, right } if op == by => open.extend([&**right, &**left]),
            other => parts.push(other),
        }
    }
    parts
}

impl Reader<'_> {
    /// One part of a condition.
    pub(super) fn filter(&mut self, part: &Expr, arm: Arm) {
        match part {
            Expr::Nested(inner) => self.filter(inner, arm),
            Expr::BinaryOp { op: BinaryOperator::Or, .. } => self.either(part, arm),
            Expr::BinaryOp { left, op, right } => self.compare(left, op, right, arm),
            Expr::Between { expr, negated: false, low, high } => {
                self.test(expr, Test::Between, &[low, high], arm);
            }
            Expr::InList { expr, list, negated } => {
                let test = if *negated { Test::NotEqual } else { Test::In };
                self.test(expr, test, &list.iter().collect::<Vec<_>>(), arm);
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
                self.any(left, right, arm);
            }
            Expr::Like { negated: false, expr, pattern, escape_char: None, .. } => {
                let test =
                    if self.starts_with_text(pattern) { Test::LikePrefix } else { Test::Like };
                self.test(expr, test, &[pattern], arm);
            }
            // Without a match they are NULL too, and then there is no row to be found.
            Expr::IsNull(expr) if self.is_nullable(expr) => self.expr(expr),
            Expr::IsNull(expr) => self.test(expr, Test::IsNull, &[], arm),
            Expr::IsNotNull(expr) => self.test(expr, Test::NotNull, &[], arm),
            Expr::IsTrue(expr) => self.truth(expr, "true", Vec::new(), arm),
            Expr::IsFalse(expr) => self.truth(expr, "false", Vec::new(), arm),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                self.truth(expr, "false", vec!["false".to_owned()], arm);
            }
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                self.truth(part, "true", vec!["true".to_owned()], arm);
            }
            Expr::InSubquery { expr, subquery, .. } => self.in_subquery(expr, subquery),
            Expr::Exists { subquery, .. } => self.exists(subquery),
            other => self.expr(other),
        }
    }

    /// Whether there are rows: which columns the subquery selects does not matter.
    fn exists(&mut self, subquery: &Query) {
        let mut rows = subquery.clone();
        if let SetExpr::Select(select) = rows.body.as_mut() {
            select.projection.clear();
        }
        self.query(&rows);
    }

    /// An OR: what every arm asks has to hold anyway, the rest belongs to its arm.
    fn either(&mut self, whole: &Expr, arm: Arm) {
        let arms: Vec<Vec<&Expr>> =
            split(whole, &BinaryOperator::Or).into_iter().map(split_and).collect();
        if arm.is_some() || arms.len() > ARMS_MAX {
            self.expr(whole);
            return;
        }
        let or = self.ors;
        self.ors += 1;
        let in_all = |part: &Expr| arms.iter().all(|others| others.contains(&part));
        for (at, parts) in arms.iter().enumerate() {
            for part in parts {
                match in_all(part) {
                    true if at == 0 => self.filter(part, None),
                    true => {}
                    false => self.filter(part, Some((or, at))),
                }
            }
        }
    }

    fn compare(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr, arm: Arm) {
        let test = match op {
            BinaryOperator::Eq | BinaryOperator::Spaceship => Test::Equal,
            BinaryOperator::NotEq => Test::NotEqual,
            BinaryOperator::Lt | BinaryOperator::LtEq => Test::Less,
            BinaryOperator::Gt | BinaryOperator::GtEq => Test::Greater,
            BinaryOperator::AtArrow => Test::Contains,
            BinaryOperator::PGOverlap => Test::Overlaps,
            BinaryOperator::AtAt => Test::Matches,
            BinaryOperator::Question
            | BinaryOperator::QuestionPipe
            | BinaryOperator::QuestionAnd => Test::HasKey,
            _ => Test::Other,
        };
        if let (Expr::Tuple(columns), Expr::Tuple(values)) = (left, right) {
            self.compare_rows(columns, test, values, arm);
            return;
        }
        if let (Some(one), Some(other)) = (self.plain_column(left), self.plain_column(right)) {
            match test {
                // What holds in one arm only still makes the column a way to the rows.
                Test::Equal => self.add_join(one, other),
                _ => {
                    self.use_column(&one);
                    self.use_column(&other);
                }
            }
            return;
        }
        if Parts::of(left).names.is_empty() && !Parts::of(right).names.is_empty() {
            // The value inside a column, or the column inside a value: only one of the two is a look-up.
            let test = match (op, test) {
                (BinaryOperator::ArrowAt, _) => Test::Contains,
                (_, Test::Contains | Test::HasKey) => Test::Other,
                (_, test) => test.flipped(),
            };
            self.test(right, test, &[left], arm);
        } else {
            self.test(left, test, &[right], arm);
        }
    }

    /// `(a, b) < (?, ?)`: the first column bounds the rows.
    fn compare_rows(&mut self, columns: &[Expr], test: Test, values: &[Expr], arm: Arm) {
        match test {
            Test::Equal => {
                for (column, value) in columns.iter().zip(values) {
                    self.test(column, test, &[value], arm);
                }
            }
            _ => {
                if let (Some(column), Some(value)) = (columns.first(), values.first()) {
                    self.test(column, test, &[value], arm);
                }
                columns.iter().for_each(|column| self.expr(column));
            }
        }
    }

    /// `c = any(..)`, of an array or of a subquery.
    fn any(&mut self, left: &Expr, right: &Expr, arm: Arm) {
        match right {
            Expr::Subquery(query) => self.in_subquery(left, query),
            _ => self.test(left, Test::In, &[right], arm),
        }
    }

    fn in_subquery(&mut self, expr: &Expr, subquery: &Query) {
        self.expr(expr);
        let outputs = self.query(subquery);
        let inner = outputs.columns.first().and_then(|(_, column)| column.clone());
        if let (Some(outer), Some(inner)) = (self.plain_column(expr), inner)
            && is_select(&subquery.body)
        {
            self.add_join(outer, inner);
        }
    }

    /// A truth that is asked for: `c`, `not c`, `c is true`; `sql` is what it is compared with, which for `is` is nothing.
    fn truth(&mut self, expr: &Expr, truth: &str, sql: Vec<String>, arm: Arm) {
        match (expr, self.plain_column(expr)) {
            (_, Some(column)) => {
                self.use_column(&column);
                self.reading.filters.push(Filter {
                    relation: column.relation,
                    of: KeyOf::Column(column.column.clone()),
                    columns: vec![column.column],
                    test: Test::Equal,
                    operand: Operand {
                        sql,
                        constants: Some(vec![truth.to_owned()]),
                        ..Operand::default()
                    },
                    arm,
                });
            }
            (Expr::Exists { subquery, .. }, None) => self.exists(subquery),
            (other, None) => self.expr(other),
        }
    }

    /// `subject` tested against operands.
    fn test(&mut self, subject: &Expr, test: Test, operands: &[&Expr], arm: Arm) {
        self.expr(subject);
        operands.iter().for_each(|operand| self.expr(operand));
        let Some((relation, columns)) = self.columns_of(subject) else { return };
        let Some(operand) = self.operand(operands, relation) else { return };
        let of = match self.plain_column(subject) {
            Some(ColumnRef { column, .. }) => KeyOf::Column(column),
            None => KeyOf::Expression(bare(subject)),
        };
        self.reading.filters.push(Filter { relation, of, columns, test, operand, arm });
    }

    /// Whether a pattern begins with a text that does not start with a wildcard.
    fn starts_with_text(&self, pattern: &Expr) -> bool {
        match pattern {
            Expr::Nested(inner) => self.starts_with_text(inner),
            Expr::BinaryOp { left, op: BinaryOperator::StringConcat, .. } => {
                self.starts_with_text(left)
            }
            Expr::Value(value) => match &value.value {
                Value::Placeholder(name) => self.prefixes.contains(name),
                other => other
                    .to_string()
                    .strip_prefix('\'')
                    .is_some_and(|text| !text.starts_with(['%', '_', '\''])),
            },
            _ => false,
        }
    }

    fn is_nullable(&self, expr: &Expr) -> bool {
        let relation = self.columns_of(expr).map(|(relation, _)| relation);
        relation.and_then(|at| self.reading.relations.get(at)).is_some_and(|one| one.nullable)
    }

    /// The one relation whose columns an expression is made of.
    fn columns_of(&self, expr: &Expr) -> Option<(usize, Vec<String>)> {
        let parts = Parts::of(expr);
        if !parts.queries.is_empty() {
            return None;
        }
        let mut relation = None;
        let mut columns = Vec::new();
        for name in &parts.names {
            let column = self.names.column(&self.reading.relations, name)?;
            if *relation.get_or_insert(column.relation) != column.relation {
                return None;
            }
            if !columns.contains(&column.column) {
                columns.push(column.column);
            }
        }
        Some((relation?, columns))
    }

    /// What is tested against, if it is the same for all rows of the relation; a subquery may be computed first.
    fn operand(&self, operands: &[&Expr], relation: usize) -> Option<Operand> {
        let mut all = Operand::default();
        let mut constants = Vec::new();
        for operand in operands {
            let parts = Parts::of(operand);
            let is_of_this = parts.names.iter().any(|name| {
                let column = self.names.column(&self.reading.relations, name);
                column.is_none_or(|column| column.relation == relation)
            });
            if is_of_this {
                return None;
            }
            all.sql.push(operand.to_string());
            all.is_open |= parts.is_open;
            all.is_computed |= !parts.is_constant();
            all.is_list |= is_list(operand);
            constants.extend(constant(operand));
        }
        let is_constant = !operands.is_empty() && constants.len() == operands.len();
        all.constants = is_constant.then_some(constants);
        Some(all)
    }
}

fn is_select(body: &SetExpr) -> bool {
    matches!(body, SetExpr::Select(select)
        if !matches!(select.projection.first(), Some(SelectItem::Wildcard(_))))
}

/// A literal as it is written.
fn constant(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(_) => None,
            other => Some(other.to_string()),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => Some(format!("-{}", constant(expr)?)),
        _ => None,
    }
}

/// Whether a placeholder stands for a list.
fn is_list(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(name) => name
                .get(1..)
                .and_then(|number| number.parse().ok())
                .is_some_and(|n: usize| n > LIST_FROM),
            _ => false,
        },
        Expr::Nested(inner) => is_list(inner),
        _ => false,
    }
}

/// An expression over bare column names, as an index on the table would have it.
fn bare(expr: &Expr) -> String {
    let mut bare = expr.clone();
    let _never_breaks = sqlparser::ast::visit_expressions_mut(&mut bare, |one| {
        if let Expr::CompoundIdentifier(names) = one
            && let Some(last) = names.pop()
        {
            *one = Expr::Identifier(last);
        }
        if let Expr::Function(function) = one {
            for part in &mut function.name.0 {
                if let sqlparser::ast::ObjectNamePart::Identifier(name) = part {
                    name.value = name.value.to_ascii_lowercase();
                }
            }
            if let FunctionArguments::List(list) = &mut function.args {
                list.clauses.clear();
            }
        }
        std::ops::ControlFlow::<()>::Continue(())
    });
    bare.to_string()
}
