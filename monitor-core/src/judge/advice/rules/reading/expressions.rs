//! Conditions and what they are made of.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Visit,
    Visitor, visit_expressions,
};

/// An expression without the parentheses around it.
pub(in super::super) fn plain(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => plain(inner),
        other => other,
    }
}

/// The conditions that must all hold.
pub(in super::super) fn conjuncts(condition: Option<&Expr>) -> Vec<&Expr> {
    let mut found = Vec::new();
    let mut open: Vec<&Expr> = condition.into_iter().collect();
    while let Some(expr) = open.pop() {
        match plain(expr) {
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                open.extend([&**right, &**left])
            }
            other => found.push(other),
        }
    }
    found
}

/// One condition that holds where all of these do.
pub(in super::super) fn both(conditions: Vec<Expr>) -> Option<Expr> {
    let nested = |condition: Expr| match condition {
        or @ Expr::BinaryOp { op: BinaryOperator::Or | BinaryOperator::Xor, .. } => {
            Expr::Nested(Box::new(or))
        }
        other => other,
    };
    conditions.into_iter().map(nested).reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    })
}

/// The arms of an `or`; the expression itself where it is none.
pub(in super::super) fn operands(expr: &Expr) -> Vec<&Expr> {
    let mut found = Vec::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match plain(expr) {
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                open.extend([&**right, &**left])
            }
            other => found.push(other),
        }
    }
    found
}

/// A column's name as written, its qualifiers before it, in lower case.
pub(in super::super) type Name = Vec<String>;

/// The columns an expression names, those in its subqueries included.
pub(in super::super) fn columns_of(expr: &Expr) -> Vec<Name> {
    let mut found = Vec::new();
    let _never_breaks = visit_expressions(expr, |expr| {
        found.extend(name_of(expr));
        ControlFlow::<()>::Continue(())
    });
    found
}

/// The column an expression is, if it is one and nothing more.
pub(in super::super) fn name_of(expr: &Expr) -> Option<Name> {
    let lower = |ident: &sqlparser::ast::Ident| ident.value.to_ascii_lowercase();
    match plain(expr) {
        Expr::Identifier(ident) => Some(vec![lower(ident)]),
        Expr::CompoundIdentifier(idents) => Some(idents.iter().map(lower).collect()),
        _ => None,
    }
}

/// Whether an expression is the same for every row: it names no column and asks no subquery.
pub(in super::super) fn is_constant(expr: &Expr) -> bool {
    struct Varies;
    impl Visitor for Varies {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match name_of(expr) {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Varies).is_continue()
}

/// Whether an expression is computed over several rows.
pub(in super::super) fn has_aggregate(expr: &Expr) -> bool {
    let found = visit_expressions(expr, |expr| match expr {
        Expr::Function(function) if function.over.is_none() && is_aggregate(function) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

fn is_aggregate(function: &Function) -> bool {
    const NAMES: [&str; 18] = [
        "any_value",
        "array_agg",
        "avg",
        "bool_and",
        "bool_or",
        "count",
        "every",
        "group_concat",
        "json_agg",
        "jsonb_agg",
        "max",
        "min",
        "stddev",
        "string_agg",
        "sum",
        "total",
        "var_pop",
        "variance",
    ];
    NAMES.contains(&function_name(function).as_str())
}

/// A function's name in lower case.
pub(in super::super) fn function_name(function: &Function) -> String {
    function.name.to_string().to_ascii_lowercase()
}

/// A function's arguments that are expressions.
pub(in super::super) fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    let expressions = list.args.iter().filter_map(|arg| match arg {
        FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. }
        | FunctionArg::ExprNamed { arg: FunctionArgExpr::Expr(expr), .. }
        | FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    expressions.collect()
}

/// The two sides of a comparison of which one is constant: what is compared, and with how many values.
pub(in super::super) fn constant_side(expr: &Expr) -> Option<&Expr> {
    match plain(expr) {
        Expr::BinaryOp { left, op, right } if is_comparison(op) => {
            match (is_constant(left), is_constant(right)) {
                (false, true) => Some(plain(left)),
                (true, false) => Some(plain(right)),
                _ => None,
            }
        }
        Expr::AnyOp { left, right, .. } if is_constant(right) => Some(plain(left)),
        Expr::InList { expr, list, .. } if list.iter().all(is_constant) => Some(plain(expr)),
        Expr::Between { expr, low, high, .. } if is_constant(low) && is_constant(high) => {
            Some(plain(expr))
        }
        Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. }
            if is_constant(pattern) =>
        {
            Some(plain(expr))
        }
        _ => None,
    }
}

fn is_comparison(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    )
}

/// The queries in an expression, outermost only.
pub(in super::super) fn subqueries(expr: &Expr) -> Vec<Query> {
    struct Outermost(Vec<Query>, usize);
    impl Visitor for Outermost {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            if self.1 == 0 {
                self.0.push(query.clone());
            }
            self.1 += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.1 -= 1;
            ControlFlow::Continue(())
        }
    }
    let mut found = Outermost(Vec::new(), 0);
    let _never_breaks = expr.visit(&mut found);
    found.0
}
