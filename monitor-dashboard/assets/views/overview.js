// Everything in ten seconds: is it well, what needs attention, how much, how fast, who takes the time.

import { heat, legend, lines } from "../charts.js";
import { h } from "../dom.js";
import { ago, count, duration, plural, rate, share, words } from "../format.js";
import { card, countOf, dot, empty, figure, figures, link, look, pill, prose, rateOf, sentence, shareBar, shareOf, statementCell, subject, table, tableCard, timeOf, title, trend } from "../parts.js";
import { gauge } from "./pools.js";

const CALLS = [{ name: "calls", colour: "accent", fill: true }];
const TIMES = [{ name: "median", colour: "insert" }, { name: "p95", colour: "accent" }, { name: "p99", colour: "update" }];
const FAILED = [{ name: "failed", colour: "delete", fill: true }];

/** What needs attention is shown up to here, and folded beyond. */
const SHOWN = 4;

/** The API's name of a view, and its address. */
const PLACES = { statements: "statements", pools: "pools", slow_log: "slow", alerts: "alerts", recommendations: "recommendations", transactions: "transactions", health: "overview" };

export const overview = {
  name: "Overview",
  /** Drawn with every second's news. */
  live: true,
  load({ api, window }, signal) {
    return api.get("overview", { window }, signal);
  },
  draw(all, context) {
    const { totals } = all;
    const time = context.windowName === "All" ? "since the start" : `the last ${context.windowName}`;
    if (all.statements === 0 && totals.calls === 0) return [title("Overview"), healthCard(all), waiting(all)];
    return [
      title("Overview", time),
      figures(
        figure("Calls", rateOf(totals.calls_per_second), plural(totals.calls, "call")),
        figure("Median", timeOf(totals.p50_seconds), `mean ${duration(totals.mean_seconds)}`),
        figure("p95", timeOf(totals.p95_seconds), "95 of 100 are faster"),
        figure("p99", timeOf(totals.p99_seconds), `longest ${duration(totals.max_seconds)}`),
        figure("Failed", h("span", { class: totals.error_rate >= 0.01 ? "text-bad" : null }, shareOf(totals.error_rate)), `${plural(totals.failed, "call")}, ${count(totals.cancelled)} cancelled`),
        figure("Slow", h("span", { class: totals.very_slow > 0 ? "text-warn" : null }, countOf(totals.slow)), `${count(totals.very_slow)} very slow`),
        figure("Database time", timeOf(totals.time_seconds), all.scope.covered_seconds > 0 ? `${(totals.time_seconds / all.scope.covered_seconds).toFixed(2)} connections busy` : null),
      ),
      h("div", { class: "grid" },
        h("div", { class: "c7 stack" }, attention(all)),
        h("div", { class: "c5 stack" }, healthCard(all))),
      now(context),
      courses(all),
      h("div", { class: "grid" },
        h("div", { class: "c8 stack" }, top(all)),
        h("div", { class: "c4 stack" }, pools(all), errors(all), losses(all))),
    ];
  },
};

function waiting(all) {
  return h("section", { class: "card" }, empty("Waiting for the first call",
    `The monitor has been watching for ${duration(all.uptime_seconds)} and nothing has run through it. Use a wrapped pool, install the instrumentation, or add the tracing layer:`,
    h("pre", { class: "plan" }, "let pool = monitor_sqlx::MonitoredPool::new(pool, &monitor);\nmonitor_diesel::install(&monitor);\ntracing_subscriber::registry().with(monitor_sqlx::layer(&monitor));"),
    h("p", { class: "small" }, "This page fills by itself with the first call.")));
}

function attention({ attention: list, attention_left_out: more }) {
  if (list.length === 0) {
    return card("Needs attention now", null, h("p", { class: "row" }, dot("ok"), h("span", {}, "Nothing. No alert fires, no call runs too long, and there is no open advice.")));
  }
  return card("Needs attention now", more > 0 ? `and ${count(more)} more` : null, h("ul", { class: "attention" }, list.slice(0, SHOWN).map((one) => h("li", { key: `${one.source} ${one.kind} ${one.key} ${one.message.length}` },
    dot(look(one.severity)),
    h("div", {},
      h("p", {}, h("span", { class: "sr" }, `${one.severity}: `), sentence(one.message)),
      h("p", { class: "small soft" }, words(one.kind), one.subject?.fingerprint || one.subject?.pool ? [" · ", subject(one.subject)] : null, one.since ? ` · ${ago(one.since)}` : null)),
    h("a", { class: "small nowrap", href: `#/${PLACES[one.view]}` }, "Look", h("span", { class: "sr" }, ` at ${words(one.view)}`))))),
  list.length > SHOWN ? h("details", {}, h("summary", {}, `${list.length - SHOWN} more`), h("ul", { class: "attention" }, list.slice(SHOWN).map((one) => h("li", {}, dot(look(one.severity)), h("p", {}, sentence(one.message)), h("a", { class: "small", href: `#/${PLACES[one.view]}` }, "Look", h("span", { class: "sr" }, ` at ${words(one.view)}`)))))) : null);
}

const STATUS = { healthy: "All checks are well", degraded: "It works, with trouble", unhealthy: "It does not work", unknown: "Too early to tell" };

function healthCard({ health }) {
  const shown = health.checks.slice(0, 7);
  return card("Health", null,
    h("p", { class: "row" }, pill(health.status), h("span", {}, STATUS[health.status])),
    shown.length === 0 ? null : h("ul", { class: "checks" }, shown.map((check) => h("li", {},
      dot(look(check.status)),
      h("div", {}, h("span", { class: "sr" }, `${check.status}: `), h("span", { class: "strong" }, words(check.kind)), " ", h("span", { class: "soft" }, prose(check.message)))))));
}

const NOW = [{ name: "calls", colour: "accent", fill: true }, { name: "failed", colour: "delete", fill: true }];

/** The last three minutes, second by second. */
function now({ seconds }) {
  const last = seconds.at(-1);
  if (seconds.length < 2) return card("Now", null, h("p", { class: "soft" }, "Listening…"));
  return card("Now", h("span", { class: "row" }, legend(NOW), h("span", {}, `${rate(last.calls)}${last.mean === null ? "" : `, ${duration(last.mean)} a call`}`)),
    lines({ columns: [seconds.map((one) => one.at), seconds.map((one) => one.calls), seconds.map((one) => one.failed)], series: NOW, format: rate, label: `Calls a second, second by second; ${rate(last.calls)} now`, height: 120, range: [Math.max(last.at - 180, Math.min(seconds[0].at, last.at - 30)), last.at] }));
}

function courses({ minutes, heatmap }) {
  if (minutes.length < 2) return card("The last hour", null, h("p", { class: "soft" }, "The pictures begin when two minutes are over; the figures above are live."));
  const times = minutes.map((minute) => Date.parse(minute.ended_at) / 1000);
  const column = (name) => minutes.map((minute) => minute[name]);
  const failed = minutes.map((minute) => (minute.calls === null ? null : minute.calls > 0 ? minute.failed / minute.calls : 0));
  const last = minutes.at(-1);
  return h("div", { class: "grid" },
    h("div", { class: "c6 stack" }, card("Calls a second", "the last hour, by the minute", lines({ columns: [times, column("calls_per_second")], series: CALLS, format: rate, label: `Calls a second over the last hour; ${rate(last.calls_per_second)} in the last minute`, height: 200 }))),
    h("div", { class: "c6 stack" }, card("Latency", "every call: the stronger, the more", heat({ map: heatmap, label: `Heat map of latency over the last hour; median ${duration(last.p50_seconds)}, p99 ${duration(last.p99_seconds)} in the last minute`, height: 200 }))),
    h("div", { class: "c6 stack" }, card("Percentiles", legend(TIMES), lines({ columns: [times, column("p50_seconds"), column("p95_seconds"), column("p99_seconds")], series: TIMES, format: duration, log: true, label: "Median, p95 and p99 over the last hour", height: 180 }))),
    h("div", { class: "c6 stack" }, card("Failed calls", "as a share of all", lines({ columns: [times, failed], series: FAILED, format: share, label: "Failed calls as a share of all over the last hour", height: 180, least: 0.01 }))));
}

const TOP = [
  { name: "Statement", wide: true, show: statementCell },
  { name: "Share of time", show: (row) => shareBar(row.time_share, row.kind) },
  { name: "Calls", num: true, show: (row) => rateOf(row.numbers.calls_per_second) },
  { name: "p95", num: true, show: (row) => timeOf(row.numbers.p95_seconds) },
  { name: "Trend", show: (row) => trend(row.trend) },
];

function top({ top_statements: list, statements }) {
  return tableCard("Where the time goes", link("#/statements", `all ${count(statements)} statements`), list.length === 0
    ? h("p", { class: "loading" }, "No call in this time.")
    : table({ label: "The statements that take most time", columns: TOP, rows: list, key: (row, at) => `${row.fingerprint ?? `other ${at}`} ${row.database}` }));
}

function pools({ pools: list }) {
  if (list.length === 0) return null;
  return card("Pools", link("#/pools", "who holds what"), list.slice(0, 8).map((pool) => h("div", { class: "stack tight", key: `${pool.name} ${pool.database}` },
    h("div", { class: "row between" }, h("span", { class: "strong" }, pool.name),
      h("span", { class: "small soft" }, pool.levels ? `${pool.levels.in_use} of ${pool.levels.max ?? pool.levels.size} in use` : "size not known",
        pool.waiting > 0 ? h("span", { class: "text-bad strong" }, ` · ${plural(pool.waiting, "caller")} waiting`) : null)),
    gauge(pool.levels, pool.waiting, pool.name),
    h("p", { class: "small soft" }, `p95: wait ${duration(pool.wait_p95_seconds)}, hold ${duration(pool.hold_p95_seconds)}`,
      pool.timed_out > 0 ? h("span", { class: "text-bad" }, ` · ${plural(pool.timed_out, "time-out")}`) : null,
      pool.leaked > 0 ? h("span", { class: "text-bad" }, ` · ${count(pool.leaked)} leaked`) : null))));
}

function errors({ errors: list, totals }) {
  if (list.length === 0) return null;
  return card("How calls failed", null, h("dl", { class: "errors" }, list.slice(0, SHOWN).map((one) => [
    h("dt", {}, words(one.class), one.code ? h("span", { class: "mono faint" }, ` ${one.code}`) : null), h("dd", { class: "num" }, `${count(one.count)} · ${share(one.count / totals.calls)}`)])));
}

function losses({ losses: list }) {
  if (list.length === 0) return null;
  return card("Let go by the monitor's own limits", null,
    h("dl", { class: "errors" }, list.map((one) => [h("dt", {}, words(one.name)), h("dd", { class: "num" }, count(one.count))])),
    h("p", { class: "small soft" }, "No total loses a call by this; the builder's limits say how much detail is kept."));
}
