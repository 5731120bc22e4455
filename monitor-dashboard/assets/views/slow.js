// Calls that took too long, and those that do at this moment.

import { legend } from "../charts.js";
import { h } from "../dom.js";
import { grouped, moment } from "../format.js";
import { choice, empty, pager, statementCell, table, tableCard, timeOf, title } from "../parts.js";
import { PARTS, callColumns } from "./statement.js";

const TEXT = { name: "Statement", wide: true, show: statementCell };

export const slowLog = {
  name: "Slow log",
  load({ api, params }, signal) {
    return api.get("slow-log", { order: params.order || "slowest", page: params.page, page_size: 50 }, signal);
  },
  draw(log, { params, go }) {
    return [
      title("Slow log", `${grouped(log.total)} calls kept, each beyond its statement's threshold`),
      log.running.length > 0 ? tableCard("Running now", "for longer than is good", table({ label: "Calls that run now", rows: log.running, key: (call) => call.number, columns: [
        TEXT,
        { name: "For", num: true, show: (call) => h("span", { class: "text-bad strong" }, timeOf(call.running_seconds)) },
        { name: "Threshold", num: true, show: (call) => timeOf(call.slow.threshold_seconds) },
        { name: "Since", show: (call) => moment(call.since) },
        { name: "Pool", show: (call) => call.pool ?? "–" },
      ] })) : null,
      h("div", { class: "toolbar" }, choice("Order", [["slowest", "Slowest"], ["newest", "Newest"]], params.order || "slowest", (order) => go({ order: order === "slowest" ? "" : order, page: "" })), log.calls.some((call) => call.first_row_seconds > 0) ? legend(PARTS) : null),
      log.calls.length === 0
        ? h("section", { class: "card" }, empty("No slow call", "Nothing was slower than its threshold. The threshold is the builder's; a single statement may have its own, and the monitor keeps the slowest call of each."))
        : tableCard(null, null, table({ label: "Slow calls", rows: log.calls, columns: [TEXT, ...callColumns(log.calls)] }), pager(log, (page) => go({ page: page > 1 ? page : "" }))),
    ];
  },
};
