// Tables, by the time of the calls that touch them.

import { h } from "../dom.js";
import { grouped } from "../format.js";
import { countOf, empty, failedOf, link, pager, rateOf, shareBar, table, tableCard, timeOf, title } from "../parts.js";
import { order, turn } from "./statements.js";

const COLUMNS = [
  { name: "Table", sort: "name", show: (row) => link(`#/statements?table=${encodeURIComponent(row.table)}`, h("span", { class: "mono" }, row.table)) },
  { name: "Database", show: (row) => h("span", { class: "soft" }, row.database) },
  { name: "Share of time", sort: "time", show: (row) => shareBar(row.time_share) },
  { name: "Calls", sort: "calls", num: true, show: (row) => rateOf(row.numbers.calls_per_second) },
  { name: "Reads", num: true, show: (row) => countOf(row.reads) },
  { name: "Writes", num: true, show: (row) => countOf(row.writes) },
  { name: "Read and written", show: (row) => balance(row.reads, row.writes), title: "Calls that read it (blue) against calls that write it (amber)" },
  { name: "Mean", sort: "mean", num: true, show: (row) => timeOf(row.numbers.mean_seconds) },
  { name: "p95", sort: "p95", num: true, show: (row) => timeOf(row.numbers.p95_seconds) },
  { name: "Failed", sort: "error_rate", num: true, show: (row) => failedOf(row.numbers) },
];

function balance(reads, writes) {
  const all = reads + writes || 1;
  return h("span", { class: "parts slim", role: "img", "aria-label": `${Math.round((100 * reads) / all)} % reads` },
    h("i", { class: "p1", css: { width: `${(100 * reads) / all}%` } }), h("i", { class: "p3", css: { width: `${(100 * writes) / all}%` } }));
}

export const tables = {
  name: "Tables",
  load({ api, params, window }, signal) {
    return api.get("tables", { window, sort: params.sort || "time", order: params.order || "desc", page: params.page, page_size: 50 }, signal);
  },
  draw(list, context) {
    const sort = order(context.params, "time");
    return [
      title("Tables", `${grouped(list.total)} touched; a call that touches two counts for both`),
      list.tables.length === 0
        ? h("section", { class: "card" }, empty("No table in this time", "Tables appear as soon as a statement that names one has run. Choose a longer time above, or wait for the next call."))
        : tableCard(null, null, table({ label: "Tables", columns: COLUMNS, rows: list.tables, key: (row) => `${row.table} ${row.database}`, sort, onSort: (by) => turn(context, by, sort) }),
          pager(list, (page) => context.go({ page: page > 1 ? page : "" }))),
    ];
  },
};
