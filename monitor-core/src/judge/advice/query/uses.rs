//! What values are for that no filter tests: those of the select list, of a CASE, of arithmetic.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Value,
    Visit, Visitor,
};

use super::columns::written_out;
use super::read::Reader;
use super::reading::ValueUse;

impl Reader<'_> {
    /// Notes what the values in an expression are for, where a plan would fail on a wrong type.
    pub(super) fn note_uses(&mut self, expr: &Expr) {
        let mut uses = Uses::default();
        let _never_breaks = expr.visit(&mut uses);
        for text in uses.numbers {
            self.reading.values.push((text, ValueUse::Number));
        }
        for text in uses.configurations {
            self.reading.values.push((text, ValueUse::TextSearch));
        }
        for (subject, texts) in uses.compared {
            let Some(column) = self.plain_column(&subject) else { continue };
            for text in texts {
                self.reading.compared.push((text, column.clone()));
            }
        }
    }
}

#[derive(Default)]
struct Uses {
    numbers: Vec<String>,
    /// Those that say how a text is searched.
    configurations: Vec<String>,
    /// What is compared, and with which values.
    compared: Vec<(Expr, Vec<String>)>,
    depth: usize,
}

impl Visitor for Uses {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.depth == 0 {
            self.note(expr);
        }
        ControlFlow::Continue(())
    }
}

impl Uses {
    fn note(&mut self, expr: &Expr) {
        match expr {
            Expr::BinaryOp { left, op, right } if is_arithmetic(op) => {
                self.numbers.extend([left, right].into_iter().filter_map(|side| open_value(side)));
            }
            Expr::BinaryOp { left, op, right } if is_comparison(op) => {
                self.compare(left, &[right]);
                self.compare(right, &[left]);
            }
            Expr::InList { expr, list, .. } => self.compare(expr, &list.iter().collect::<Vec<_>>()),
            Expr::Between { expr, low, high, .. } => self.compare(expr, &[low, high]),
            Expr::Case { conditions, else_result, .. } => {
                let results = conditions.iter().map(|when| &when.result);
                let results: Vec<&Expr> = results.chain(else_result.as_deref()).collect();
                self.all_numbers(&results);
            }
            Expr::Function(function) if is_text_search(function) => {
                if let [configuration, _] = arguments(function)[..] {
                    self.configurations.extend(open_value(configuration));
                }
            }
            Expr::Function(function) => self.all_numbers(&arguments(function)),
            _ => {}
        }
    }

    fn compare(&mut self, subject: &Expr, values: &[&Expr]) {
        let texts: Vec<String> = values.iter().filter_map(|value| open_value(value)).collect();
        if !texts.is_empty() {
            self.compared.push((subject.clone(), texts));
        }
    }

    /// Nothing but values to come: numbers as likely as not, and a sum takes nothing else.
    fn all_numbers(&mut self, exprs: &[&Expr]) {
        let open: Vec<String> = exprs.iter().filter_map(|expr| open_value(expr)).collect();
        if open.len() == exprs.len() {
            self.numbers.extend(open);
        }
    }
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

fn is_arithmetic(op: &BinaryOperator) -> bool {
    matches!(op, BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Modulo)
}

/// Whether a function makes a text, or what is looked for in it, ready for a search (PostgreSQL).
fn is_text_search(function: &Function) -> bool {
    const NAMES: [&str; 5] = [
        "to_tsvector",
        "to_tsquery",
        "plainto_tsquery",
        "phraseto_tsquery",
        "websearch_to_tsquery",
    ];
    let name = written_out(&function.name).to_ascii_lowercase();
    NAMES.contains(&name.rsplit('.').next().unwrap_or(&name))
}

fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    let exprs = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    exprs.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// A placeholder as it is written.
fn open_value(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Nested(inner) => open_value(inner),
        Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => {
            Some(expr.to_string())
        }
        _ => None,
    }
}
