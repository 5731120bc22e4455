//! `EXPLAIN (FORMAT JSON)`, read into plain data.

use serde_json::Value;

use crate::inquire::{Access, Plan, PlanNode, UsedIndex};

/// Reads a plan. `drafts` are the names the hypothetical indexes got, in the order of the drafts.
pub(super) fn plan(json: &str, drafts: &[String]) -> Option<Plan> {
    let value: Value = serde_json::from_str(json).ok()?;
    let top = value.get(0)?.get("Plan")?;
    let mut plan = Plan { cost: number(top, "Total Cost"), nodes: Vec::new() };
    add(top, 0, drafts, &mut plan.nodes);
    Some(plan)
}

fn add(node: &Value, depth: usize, drafts: &[String], nodes: &mut Vec<PlanNode>) {
    let what = text(node, "Node Type").unwrap_or_default();
    nodes.push(PlanNode {
        depth,
        access: access(&what),
        what,
        table: text(node, "Relation Name"),
        alias: text(node, "Alias"),
        index: text(node, "Index Name").map(|name| {
            match drafts.iter().position(|draft| *draft == name) {
                Some(at) => UsedIndex::Draft(at),
                None => UsedIndex::Existing(name),
            }
        }),
        cost: number(node, "Total Cost"),
        startup: number(node, "Startup Cost"),
        rows: number(node, "Plan Rows"),
        loops: None,
    });
    // EXPLAIN itself limits how deep this is: the server's stack is no longer than ours.
    for inner in node.get("Plans").and_then(Value::as_array).into_iter().flatten() {
        add(inner, depth + 1, drafts, nodes);
    }
}

fn access(what: &str) -> Option<Access> {
    match what {
        "Seq Scan" | "Sample Scan" => Some(Access::Full),
        "Index Scan" | "Bitmap Index Scan" => Some(Access::Index),
        "Index Only Scan" => Some(Access::IndexOnly),
        "Sort" | "Incremental Sort" => Some(Access::Sort),
        _ => None,
    }
}

fn text(node: &Value, name: &str) -> Option<String> {
    node.get(name)?.as_str().map(str::to_owned)
}

fn number(node: &Value, name: &str) -> Option<f64> {
    node.get(name)?.as_f64()
}
