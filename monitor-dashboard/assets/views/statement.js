// One statement, with all that is known of it.

import { bar, heat, histogram, legend, lines } from "../charts.js";
import { h } from "../dom.js";
import { ago, duration, moment, plural, rate, share, words } from "../format.js";
import { card, copyButton, countOf, figure, figures, kind, link, pairs, pill, rateOf, shareOf, statementLink, table, tableCard, timeOf, trend } from "../parts.js";
import { sqlBlock } from "../sql.js";
import { recommendation } from "./recommendations.js";

const TIMES = [{ name: "median", colour: "insert" }, { name: "p95", colour: "accent" }, { name: "p99", colour: "update" }];

export const statement = {
  name: "Statement",
  load({ api, route, params, window }, signal) {
    return api.get(`statements/${encodeURIComponent(route.rest[0] ?? "")}`, { window, database: params.database }, signal);
  },
  draw(one, context) {
    const { numbers } = one;
    return [
      h("p", { class: "crumb" }, link("#/statements", "Statements"), " / ", h("span", { class: "mono" }, one.fingerprint)),
      h("div", { class: "title" }, h("h1", {}, one.summary || "Statement"), h("p", { class: "row" }, kind(one.kind), h("span", {}, one.database), one.muted ? pill("muted") : null)),
      h("section", { class: "card" },
        h("div", { class: "head" }, h("h2", {}, "SQL"), copyButton(one.text)),
        sqlBlock(one.text),
        one.is_cut ? h("p", { class: "small soft" }, "Only the beginning is shown: the text is longer than 20,000 characters.") : null,
        pairs([
          one.tables_read.length > 0 && ["Reads", tablesOf(one.tables_read)],
          one.tables_written.length > 0 && ["Writes", tablesOf(one.tables_written)],
          one.slow_after_seconds !== null && ["Slow", `from ${duration(one.slow_after_seconds)}, very slow from ${duration(one.very_slow_after_seconds)}`],
          one.other_databases.length > 0 && ["Also on", one.other_databases.map((name) => h("div", {}, statementLink(one.fingerprint, name, name)))],
        ])),
      figures(
        figure("Share of time", shareOf(one.time_share), `${duration(numbers.time_seconds)} in all`),
        figure("Calls", rateOf(numbers.calls_per_second), plural(numbers.calls, "call")),
        figure("Mean", timeOf(numbers.mean_seconds), `median ${duration(numbers.p50_seconds)}`),
        figure("p95", timeOf(numbers.p95_seconds), `p99 ${duration(numbers.p99_seconds)}`),
        figure("Longest", timeOf(numbers.max_seconds), numbers.slow > 0 ? plural(numbers.slow, "slow call") : "no slow call"),
        figure("Rows a call", countOf(one.rows_per_call), one.rows_per_call === null ? "the driver does not tell" : null),
        figure("Failed", h("span", { class: numbers.error_rate >= 0.01 ? "text-bad" : null }, shareOf(numbers.error_rate)), numbers.cancelled > 0 ? `${plural(numbers.cancelled, "call")} cancelled` : plural(numbers.failed, "call")),
      ),
      one.recommendations.length > 0 ? h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "What to do about it")), one.recommendations.map((advice) => recommendation(advice, context, true))) : null,
      courses(one),
      h("div", { class: "grid" },
        h("div", { class: "c6 stack" }, card("How long calls took", context.windowName === "All" ? "since the start" : `the last ${context.windowName}`, histogram(one.histogram, `How many calls took how long; median ${duration(numbers.p50_seconds)}, p99 ${duration(numbers.p99_seconds)}`))),
        h("div", { class: "c6 stack" }, trendsCard(one.trends))),
      running(one.running),
      callers(one),
      slowCalls(one, context),
      lists(one),
      failures(one),
    ];
  },
};

const tablesOf = (names) => names.map((name, at) => [at > 0 ? ", " : "", link(`#/statements?table=${encodeURIComponent(name)}`, h("span", { class: "mono" }, name))]);

function courses({ minutes, heatmap }) {
  if (minutes.length < 2) return card("Last hour", null, h("p", { class: "soft" }, "The pictures begin when two minutes are over."));
  const times = minutes.map((minute) => Date.parse(minute.ended_at) / 1000);
  const column = (name) => minutes.map((minute) => minute[name]);
  return h("div", { class: "grid" },
    h("div", { class: "c6 stack" }, card("Latency over the last hour", "stronger: more calls", heat({ map: heatmap, label: "Heat map of the statement's latency over the last hour", height: 210 }))),
    h("div", { class: "c6 stack" }, card("Percentiles", legend(TIMES), lines({ columns: [times, column("p50_seconds"), column("p95_seconds"), column("p99_seconds")], series: TIMES, format: duration, log: true, label: "Median, p95 and p99 over the last hour", height: 210 }))),
    h("div", { class: "c12 stack" }, card("Calls a second", null, lines({ columns: [times, column("calls_per_second")], series: [{ name: "calls", colour: "accent", fill: true }], format: rate, label: "Calls a second over the last hour", height: 140 }))));
}

const MEASURES = { calls_per_second: ["Calls a second", rate], mean_time: ["Mean time", duration], p95: ["p95", duration], error_rate: ["Failed calls", share], slow_share: ["Slow calls", share] };

function trendsCard(trends) {
  if (trends.length === 0) return card("Trend", "the last five minutes against those before", h("p", { class: "soft" }, "Too soon to tell: a trend needs about half an hour of minutes."));
  return card("Trend", "the last five minutes against those before", h("div", { class: "scroll" }, h("table", { class: "plain" },
    h("thead", {}, h("tr", {}, ["Measure", "Before", "Now", "Goes"].map((name, at) => h("th", { scope: "col", class: at > 0 && at < 3 ? "num" : null }, name)))),
    h("tbody", {}, trends.map((one) => {
      const [name, format] = MEASURES[one.measure] || [words(one.measure), String];
      const told = one.direction !== "too_soon";
      return h("tr", {}, h("td", {}, name), h("td", { class: "num" }, told ? format(one.before) : "–"), h("td", { class: "num" }, told ? format(one.now) : "–"), h("td", {}, told ? trend(one.direction) : h("span", { class: "faint" }, "too soon to tell")));
    })))));
}

function running(calls) {
  if (calls.length === 0) return null;
  return tableCard("Running now, for longer than is good", null, table({ label: "Calls that run now", rows: calls, key: (call) => call.number, columns: [
    { name: "For", num: true, show: (call) => timeOf(call.running_seconds) },
    { name: "Since", show: (call) => moment(call.since) },
    { name: "Threshold", num: true, show: (call) => timeOf(call.slow.threshold_seconds) },
    { name: "Pool", show: (call) => call.pool ?? "–" },
    { name: "Connection", num: true, show: (call) => call.connection ?? "–" },
  ] }));
}

function callers({ callers: list }) {
  if (list.length === 0) return null;
  const all = list.reduce((sum, one) => sum + one.time_seconds, 0) || 1;
  return tableCard("Who calls it", "as far as the newest calls and the slow log tell", table({ label: "Who calls it", rows: list, columns: [
    { name: "Line", wide: true, show: (one) => h("span", { class: one.call_site ? "mono cell" : "soft" }, one.call_site ?? "not known") },
    { name: "Tag", show: (one) => one.tag ?? "–" },
    { name: "Pool", show: (one) => one.pool ?? "–" },
    { name: "Share of time", show: (one) => h("span", { class: "nowrap" }, bar(one.time_seconds / all), shareOf(one.time_seconds / all)) },
    { name: "Calls", num: true, show: (one) => countOf(one.calls) },
    { name: "Longest", num: true, show: (one) => timeOf(one.max_seconds) },
  ] }));
}

/** Where a call's time went. */
export function parts(call) {
  const rows = [["waiting for a connection", call.pool_wait_seconds, "p5"], ["until the first row", call.first_row_seconds, "p1"], ["the other rows", call.fetch_seconds, "p2"], ["the reader's own", call.reader_seconds, "p3"]]
    .filter(([, seconds]) => seconds > 0);
  const all = rows.reduce((sum, [, seconds]) => sum + seconds, 0);
  if (all === 0) return h("span", { class: "faint" }, "–");
  const text = rows.map(([name, seconds]) => `${duration(seconds)} ${name}`).join(", ");
  return h("span", { class: "parts-cell", title: text }, h("span", { class: "parts", role: "img", "aria-label": text }, rows.map(([, seconds, look]) => h("i", { class: look, css: { width: `${(100 * seconds) / all}%` } }))));
}

export const PARTS = [{ name: "waiting for a connection", colour: "delete" }, { name: "until the first row", colour: "accent" }, { name: "the other rows", colour: "insert" }, { name: "the reader's own", colour: "update" }];

const CALL_COLUMNS = [
  { name: "Took", num: true, show: (call) => h("span", { class: call.slow?.very_slow ? "text-bad strong" : "strong" }, timeOf(call.duration_seconds)) },
  { name: "When", show: (call) => h("span", { class: "nowrap", title: call.at }, ago(call.at)) },
  { name: "Where its time went", show: parts, when: (call) => [call.pool_wait_seconds, call.first_row_seconds, call.fetch_seconds, call.reader_seconds].some((seconds) => seconds > 0) },
  { name: "Rows", num: true, show: (call) => countOf(call.rows_returned || call.rows_affected) },
  { name: "Ended", show: (call) => h("span", { class: "row" }, pill(call.outcome), call.error ? h("span", { class: "small soft" }, [words(call.error), call.error_code].filter(Boolean).join(" ")) : null) },
  { name: "Tag", show: (call) => call.tag ?? "–", when: (call) => call.tag },
  { name: "Line", show: line, when: (call) => call.call_site },
  { name: "Pool", show: (call) => call.pool ?? "–", when: (call) => call.pool },
  { name: "Trace", show: (call) => (call.trace_id ? h("span", { class: "mono small", title: call.trace_id }, call.trace_id.slice(0, 8)) : "–"), when: (call) => call.trace_id },
];

/** The columns that say something of these calls. */
export const callColumns = (calls) => CALL_COLUMNS.filter((column) => !column.when || calls.some(column.when));

/** The end of a path: who works on the code knows the rest, and the tool-tip has it. */
function line(call) {
  if (!call.call_site) return "–";
  const short = call.call_site.split("/").slice(-2).join("/");
  return h("span", { class: "mono small nowrap", title: call.call_site }, short);
}

/** Slow calls that are shown before somebody asks for more. */
const CALLS_SHOWN = 8;

function slowCalls({ slow_calls: calls }, { local, draw }) {
  if (calls.length === 0) return null;
  const shown = local.allCalls ? calls : calls.slice(0, CALLS_SHOWN);
  return tableCard("Slow calls that are kept", calls.some((call) => call.first_row_seconds > 0) ? legend(PARTS) : null, table({ label: "Slow calls", rows: shown, columns: callColumns(calls) }),
    calls.length > CALLS_SHOWN ? h("p", { class: "pager" }, h("span", {}, `${shown.length} of ${calls.length}`), h("button", { type: "button", class: "button", on: { click: () => { local.allCalls = !local.allCalls; draw(); } } }, local.allCalls ? "Show fewer" : "Show all")) : null);
}

function lists({ by_list_size: sizes }) {
  if (sizes.length < 2) return null;
  return tableCard("By the length of its lists", "an average over all of them would mislead", table({ label: "By the length of its lists", rows: sizes, columns: [
    { name: "Items", show: (one) => one.list_size },
    { name: "Calls", num: true, show: (one) => countOf(one.numbers.calls) },
    { name: "Mean", num: true, show: (one) => timeOf(one.numbers.mean_seconds) },
    { name: "p95", num: true, show: (one) => timeOf(one.numbers.p95_seconds) },
  ] }));
}

function failures({ errors }) {
  if (errors.length === 0) return null;
  return tableCard("How calls failed", null, table({ label: "How calls failed", rows: errors, columns: [
    { name: "What", show: (one) => words(one.class) },
    { name: "Code", show: (one) => h("span", { class: "mono" }, one.code ?? "–") },
    { name: "Calls", num: true, show: (one) => countOf(one.count) },
    { name: "Their time", num: true, show: (one) => timeOf(one.time_seconds) },
  ] }));
}
