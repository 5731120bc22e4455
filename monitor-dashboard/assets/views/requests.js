// Units of work: requests, jobs, whatever was entered; how much of their time is the database's, and what they ask again.

import { bars } from "../charts.js";
import { h } from "../dom.js";
import { ago, count, duration, grouped, moment, plural, share, words } from "../format.js";
import { card, choice, countOf, empty, figure, figures, link, pager, pairs, pill, shareBar, shareOf, statementLink, table, tableCard, timeOf, title } from "../parts.js";
import { sqlLine } from "../sql.js";
import { order, turn } from "./statements.js";

const PAGE_SIZE = 50;
/** The most names the API gives on one page. */
const PAGE_SIZE_MAX = 200;

const HAVING = [["", "All"], ["repeats", "With repeats"], ["duplicates", "With duplicates"], ["over_budget", "Over budget"], ["failed", "With failed calls"]];

const KINDS = { loop: "one after another", fan_out: "at once", writes: "row by row", duplicate: "same values", at_once: "same values at the same moment" };

const COLUMNS = [
  { name: "Name", sort: "name", show: (row) => link(address(row.name), h("span", { class: "mono" }, row.name)) },
  { name: "Units", sort: "units", num: true, show: (row) => countOf(row.units), title: "Requests or jobs that have ended" },
  { name: "Queries each", sort: "calls_mean", num: true, show: (row) => queries(row) },
  { name: "Database", sort: "database_time", show: (row) => shareBar(row.busy_share), title: "Time in which a query ran, as a share of all time; sorted by all of the database's time" },
  { name: "p95", sort: "p95", num: true, show: (row) => timeOf(row.time_p95_seconds), title: "95 of 100 took no longer, from beginning to end" },
  { name: "Pool wait", sort: "pool_wait", num: true, show: (row) => each(row.pool_wait_seconds, row), title: "Waits for connections, of one on average" },
  { name: "Asked again", sort: "saved", show: again, title: "Statements called again and again, and what asking once would have saved" },
  { name: "Duplicates", sort: "duplicates", num: true, show: (row) => h("span", { class: row.duplicates === 0 ? "faint" : null }, countOf(row.duplicates)), title: "Reads made before with the same values" },
  { name: "Over budget", sort: "over_budget", num: true, show: over },
  { name: "Failed", sort: "failed", num: true, show: (row) => h("span", { class: row.failed > 0 ? "text-bad" : "faint" }, countOf(row.failed)), title: "Failed calls" },
];

const address = (name) => `#/request/${encodeURIComponent(name)}`;
const told = (row) => row.repeats.filter((one) => !one.muted);
const each = (seconds, row) => timeOf(seconds / Math.max(1, row.units));
const budgeted = (row) => row.calls_budget !== null || row.time_budget_seconds !== null;

function queries(row) {
  return h("span", { title: `at most ${grouped(row.calls_max)}` }, countOf(Math.round(row.calls_mean * 10) / 10));
}

function again(row) {
  const repeats = told(row);
  if (repeats.length === 0) return h("span", { class: "faint" }, "–");
  const most = Math.max(...repeats.map((one) => one.calls_max));
  return h("span", { class: "nowrap text-warn" }, `up to ${count(most)} times, lost ${duration(repeats.reduce((sum, one) => sum + one.saved_seconds, 0))}`);
}

function over(row) {
  if (!budgeted(row)) return h("span", { class: "faint" }, "no budget");
  return h("span", { class: row.over_budget > 0 ? "text-bad strong" : null, title: `${grouped(row.over_budget)} of ${grouped(row.units)}` }, shareOf(row.over_budget / Math.max(1, row.units)));
}

export const requests = {
  name: "Requests",
  load({ api, params }, signal) {
    const { having, search, page } = params;
    return api.get("scopes", { having, search, sort: params.sort || "database_time", order: params.order || "desc", page, page_size: PAGE_SIZE }, signal);
  },
  draw(list, context) {
    const { params, go } = context;
    const sort = order(params, "database_time");
    const filtered = params.having || params.search;
    if (list.total === 0 && !filtered) {
      return [title("Requests"), h("section", { class: "card" }, empty("No request and no job", "Put the layer of monitor-tower around your routes, name spans of yours with monitor-tracing, or enter work by hand: monitor.scope(\"job:invoice\").wrap(..). Then each name stands here, with what it asks the database."))];
    }
    return [
      title("Requests", `${plural(list.total, "name")} of requests, jobs and other work, in ${duration(list.covered_seconds)}`),
      h("div", { class: "toolbar" }, choice("Only", HAVING, params.having || "", (having) => go({ having, page: "" }))),
      list.scopes.length === 0
        ? h("section", { class: "card" }, empty("Nothing matches", "No request and no job is of that sort, which is well.", h("button", { type: "button", class: "button", on: { click: () => go({ having: "", search: "", page: "" }) } }, "Show all")))
        : tableCard(null, null,
          table({ label: "Requests and jobs", columns: COLUMNS, rows: list.scopes, key: (row) => row.name, sort, onSort: (by) => turn(context, by, sort) }),
          pager(list, (page) => go({ page: page > 1 ? page : "" }))),
    ];
  },
};

export const request = {
  name: "Request",
  async load({ api, route }, signal) {
    const name = route.rest[0] ?? "";
    const found = await api.get("scopes", { search: name, sort: "name", order: "asc", page_size: PAGE_SIZE_MAX }, signal);
    return { name, row: found.scopes.find((one) => one.name === name) ?? null };
  },
  draw({ name, row }) {
    const crumb = h("p", { class: "crumb" }, link("#/requests", "Requests"));
    if (!row) return [crumb, title(name || "Request"), h("section", { class: "card" }, empty("Nothing of this name", "No request or job that is called so has ended since the monitor started."))];
    return [crumb, title(row.name, `${plural(row.units, "unit")} of work since the monitor started`), numbers(row), repeats(row), worst(row), h("div", { class: "grid" },
      h("div", { class: "c6 stack" }, card("How many queries each made", null, distribution(row))),
      h("div", { class: "c6 stack" }, card("Where a saving is", null, savings(row))))];
  },
};

function numbers(row) {
  const budget = [row.calls_budget !== null && plural(row.calls_budget, "query", "queries"), row.time_budget_seconds !== null && `${duration(row.time_budget_seconds)} of the database`].filter(Boolean).join(", ");
  return figures(
    figure("Queries each", queries(row), `at most ${count(row.calls_max)}, of ${count(Math.round(row.distinct_mean * 10) / 10)} statements`),
    figure("Time p95", timeOf(row.time_p95_seconds), `median ${duration(row.time_p50_seconds)}`),
    figure("In the database", shareOf(row.busy_share), `p95 ${duration(row.database_time_p95_seconds)}, median ${duration(row.database_time_p50_seconds)}`),
    figure("Pool wait", each(row.pool_wait_seconds, row), `on average; ${duration(row.pool_wait_seconds)} in all`),
    figure("In transactions", each(row.transaction_seconds, row), "on average"),
    figure("Failed calls", h("span", { class: row.failed > 0 ? "text-bad" : null }, countOf(row.failed)), `of ${count(row.calls)}`),
    figure("Over budget", over(row), row.over_budget_at ? `last ${ago(row.over_budget_at)}; at most ${budget}` : budgeted(row) ? `at most ${budget}` : "ScopeRule sets one"));
}

function repeats(row) {
  if (row.repeats.length === 0) return null;
  const site = (line) => h("span", { class: line ? "mono small" : "faint" }, line ?? "not known");
  return tableCard("Called again and again", "where one call would do", table({ label: "Statements called again and again", rows: row.repeats, columns: [
    { name: "Statement", wide: true, show: (one) => statementLink(one.fingerprint, one.database, sqlLine(one.text)) },
    { name: "How", show: (one) => [h("span", { class: "nowrap" }, KINDS[one.kind] ?? words(one.kind)), one.muted ? pill("muted") : null] },
    { name: "Units", num: true, show: (one) => countOf(one.units) },
    { name: "At most", num: true, show: (one) => countOf(one.calls_max) },
    { name: "Time", num: true, show: (one) => timeOf(one.time_seconds) },
    { name: "Once would save", num: true, show: (one) => h("span", { class: "strong" }, timeOf(one.saved_seconds)) },
    { name: "Line", show: (one) => [h("div", {}, site(one.call_site)), one.behind ? h("div", { class: "small soft", title: one.behind }, "behind a call at ", site(one.behind_call_site)) : null] },
  ] }));
}

function worst({ worst: one }) {
  if (!one) return null;
  return tableCard("The one that took most of the database", `${moment(one.at)}: ${plural(one.calls, "query", "queries")}, ${duration(one.database_time_seconds)} of the database in ${duration(one.took_seconds)}, ${duration(one.pool_wait_seconds)} for connections`,
    table({ label: "Its statements", rows: one.statements, columns: [
      { name: "Statement", wide: true, show: (part) => sqlLine(part.text) },
      { name: "Share", show: (part) => shareBar(part.time_seconds / Math.max(one.database_time_seconds, 1e-9)) },
      { name: "Calls", num: true, show: (part) => countOf(part.calls) },
      { name: "Time", num: true, show: (part) => timeOf(part.time_seconds) },
      { name: "First line", show: (part) => h("span", { class: part.call_site ? "mono small" : "faint" }, part.call_site ?? "not known") },
    ] }));
}

/** Buckets without a unit are left out, so only their ends are known. */
function distribution({ units, calls_histogram: buckets }) {
  const name = ({ to_calls: to }) => (to === null ? "more" : to === 1 ? "one or none" : `up to ${grouped(to)}`);
  return bars(buckets.map((bucket) => ({ label: name(bucket), value: bucket.count, text: share(bucket.count / Math.max(1, units)) })));
}

function savings(row) {
  const saved = told(row).reduce((sum, one) => sum + one.saved_seconds, 0);
  return pairs([
    ["Asking once in the place of again and again", `${duration(saved)} in all`],
    ["Reads made before with the same values", `${count(row.duplicates)}, ${duration(row.duplicate_seconds)}`],
    ["Reads of what was being read at that moment", `${count(row.at_once)}, ${duration(row.at_once_seconds)}`],
    ["Reads that waited for another without need", `${count(row.waited_needlessly)}, ${duration(row.needless_wait_seconds)} if they ran together`],
    ["Calls of a statement that the same unit had called", count(row.repeated)],
  ]);
}
