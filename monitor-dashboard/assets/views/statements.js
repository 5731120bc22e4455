// Statements, those first that take most of the database's time.

import { spark } from "../charts.js";
import { h } from "../dom.js";
import { duration, grouped } from "../format.js";
import { countOf, empty, failedOf, pager, rateOf, select, shareBar, statementCell, table, tableCard, timeOf, title, trend } from "../parts.js";

const KINDS = ["select", "insert", "update", "delete", "merge", "ddl", "transaction", "utility", "batch", "unknown"];
const PAGE_SIZE = 50;

const COLUMNS = [
  { name: "Statement", wide: true, show: statementCell },
  { name: "Share of time", sort: "time", show: (row) => shareBar(row.time_share, row.kind), title: "Its time as a share of all database time" },
  { name: "Calls", sort: "calls", num: true, show: (row) => rateOf(row.numbers.calls_per_second), title: "Calls a second" },
  { name: "Mean", sort: "mean", num: true, show: (row) => timeOf(row.numbers.mean_seconds) },
  { name: "p95", sort: "p95", num: true, show: (row) => timeOf(row.numbers.p95_seconds), title: "95 of 100 calls took no longer" },
  { name: "p99", sort: "p99", num: true, show: (row) => timeOf(row.numbers.p99_seconds), title: "99 of 100 calls took no longer" },
  { name: "Rows", sort: "rows", num: true, show: (row) => countOf(row.rows_per_call), title: "Rows a call, returned and affected" },
  { name: "Failed", sort: "error_rate", num: true, show: (row) => failedOf(row.numbers) },
  { name: "Last hour", show: (row) => spark(row.spark.time_seconds), title: "Time it took, minute by minute" },
  { name: "Trend", show: (row) => trend(row.trend), title: "Where its mean time went in the last five minutes" },
];

/** The order an address asks for. */
export function order(params, otherwise) {
  return { by: params.sort || otherwise, direction: params.order === "asc" ? "ascending" : "descending" };
}

/** The same column again turns the order round. */
export function turn(context, by, sort) {
  const again = sort.by === by && sort.direction === "descending";
  context.go({ sort: by, order: again ? "asc" : "", page: "" });
}

export const statements = {
  name: "Statements",
  load({ api, params, window }, signal) {
    const { search, kind, table, database, sort, order, page } = params;
    return api.get("statements", { window, search, kind, table, database, sort: sort || "time", order: order || "desc", page, page_size: PAGE_SIZE }, signal);
  },
  draw(list, context) {
    const { params, go } = context;
    const sort = order(params, "time");
    const filtered = params.search || params.kind || params.table || params.database;
    return [
      title("Statements", `${grouped(list.total)} ${filtered ? "match" : "seen"}, ${duration(list.time_seconds)} of database time in ${context.windowName === "All" ? "all" : `the last ${context.windowName}`}`),
      h("div", { class: "toolbar" },
        select("Kind", [["", "All kinds"], ...KINDS.map((name) => [name, name])], params.kind || "", (chosen) => go({ kind: chosen, page: "" })),
        params.search ? chip(`contains “${params.search}”`, () => go({ search: "", page: "" })) : null,
        params.table ? chip(`touches ${params.table}`, () => go({ table: "", page: "" })) : null,
        params.database ? chip(`on ${params.database}`, () => go({ database: "", page: "" })) : null),
      list.statements.length === 0
        ? h("section", { class: "card" }, nothing(filtered, go, context))
        : tableCard(null, null,
          table({ label: "Statements", columns: COLUMNS, rows: list.statements, key: (row, at) => `${row.fingerprint ?? `other ${at}`} ${row.database}`, sort, onSort: (by) => turn(context, by, sort) }),
          pager(list, (page) => go({ page: page > 1 ? page : "" }))),
    ];
  },
};

function chip(text, remove) {
  return h("span", { class: "pill" }, text, h("button", { type: "button", class: "chip-x", "aria-label": `Remove filter: ${text}`, on: { click: remove } }, "×"));
}

function nothing(filtered, go, context) {
  if (filtered) return empty("Nothing matches", "No statement of this time fits all of the filters.", h("button", { type: "button", class: "button", on: { click: () => go({ search: "", kind: "", table: "", database: "", page: "" }) } }, "Remove the filters"));
  return empty(context.window === "start" ? "No statement yet" : "No statement in this time",
    context.window === "start" ? "Nothing has run through the monitor. Wrap your pool or install the instrumentation, and statements appear here with their first call." : "Choose a longer time above, or wait for the next call.");
}
