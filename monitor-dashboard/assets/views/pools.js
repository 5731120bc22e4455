// Pools: how full, who holds what, how long callers wait, and why some got nothing.

import { legend, lines } from "../charts.js";
import { h } from "../dom.js";
import { ago, clock, count, duration, plural, share, words } from "../format.js";
import { card, countOf, empty, figure, figures, pill, prose, sentence, shareOf, table, tableCard, timeOf, title } from "../parts.js";
import { sqlLine } from "../sql.js";

/** Connections in use, idle, and not made yet; red where somebody waits. */
export function gauge(levels, waiting, name) {
  if (!levels) return h("div", { class: "gauge", role: "img", "aria-label": `${name}: size not known` });
  const whole = Math.max(levels.max ?? levels.size, levels.size, 1);
  const text = `${name}: ${levels.in_use} in use, ${levels.idle} idle, of at most ${levels.max ?? "?"}; ${waiting} waiting`;
  return h("div", { class: waiting > 0 || (levels.max && levels.in_use >= levels.max) ? "gauge full" : "gauge", role: "img", "aria-label": text, title: text },
    h("i", { class: "used", css: { width: `${(100 * levels.in_use) / whole}%` } }), h("i", { class: "idle", css: { width: `${(100 * levels.idle) / whole}%` } }));
}

const REASONS = {
  cannot_connect: "The database took no new connection", leak: "Connections were not given back", slow_statement: "A slow statement kept connections busy",
  held_idle: "Connections were held and ran nothing", pool_too_small: "The pool is too small for its work",
};

const HOLDERS = (leakAfter) => [
  { name: "Held for", num: true, show: (one) => h("span", { class: one.held_seconds >= leakAfter ? "text-bad strong" : "strong" }, timeOf(one.held_seconds)) },
  { name: "Taken at", show: (one) => h("span", { class: one.call_site ? "mono small" : "faint" }, one.call_site ?? "not known") },
  { name: "Does", show: (one) => doing(one, leakAfter) },
  { name: "Statement", wide: true, show: (one) => (one.statement ? sqlLine(one.statement) : h("span", { class: "faint" }, "–")) },
];

function doing(one, leakAfter) {
  if (!one.is_seen) return h("span", { class: "faint", title: "this adapter does not tell what its connections run" }, "not known");
  if (one.running_seconds !== null) return h("span", { class: "nowrap" }, `runs for ${duration(one.running_seconds)}`);
  return h("span", { class: one.held_seconds >= leakAfter ? "text-bad nowrap" : "text-warn nowrap" }, "runs nothing");
}

const WAITS = [{ name: "mean wait", colour: "delete", fill: true }];
const USE = [{ name: "in use", colour: "accent", fill: true }];

export const pools = {
  name: "Pools",
  load({ api, window }, signal) {
    return api.get("pools", { window }, signal);
  },
  draw(all) {
    if (all.pools.length === 0) {
      return [title("Pools"), h("section", { class: "card" }, empty("No pool", "None was wrapped or registered. Databases that are used without a pool have no waits and no holders; their calls are under Statements."))];
    }
    return [title("Pools", `${plural(all.pools.length, "pool")}, those with waiting callers first`), all.pools.map((pool) => one(pool, all.leak_after_seconds))];
  },
};

function one(pool, leakAfter) {
  const { checkouts, levels } = pool;
  return h("section", { class: "stack", key: `${pool.name} ${pool.database}`, "aria-label": pool.name },
    h("section", { class: "card" },
      h("div", { class: "head" }, h("h2", {}, pool.name), h("span", { class: "note" }, pool.database)),
      gauge(levels, checkouts.waiting, pool.name),
      h("p", { class: "row small soft" },
        levels ? h("span", {}, `${levels.in_use} in use, ${levels.idle} idle, at most ${levels.max ?? "not told"}`) : h("span", {}, "the pool has not told its size yet"),
        checkouts.waiting > 0 ? pill("failed", `${plural(checkouts.waiting, "caller")} waiting now`) : null,
        pool.leaked > 0 ? pill("failed", `${count(pool.leaked)} leaked: out for ${duration(leakAfter)} or longer`) : null)),
    figures(
      figure("Wait p95", timeOf(checkouts.wait_p95_seconds), `median ${duration(checkouts.wait_p50_seconds)}, longest ${duration(checkouts.wait_max_seconds)}`),
      figure("Hold p95", timeOf(checkouts.hold_p95_seconds), `median ${duration(checkouts.hold_p50_seconds)}`),
      figure("Checkouts", h("span", {}, countOf(checkouts.taken)), `${checkouts.per_second.toFixed(1)} a second`),
      figure("Timed out", h("span", { class: checkouts.timed_out > 0 ? "text-bad" : null }, countOf(checkouts.timed_out)), `${count(checkouts.failed)} failed, ${count(checkouts.cancelled)} cancelled`),
      figure("Mean use", shareOf(pool.usage_mean), `now ${share(pool.usage)}`),
      figure("Connections", h("span", {}, `+${count(pool.connections.created)} −${count(pool.connections.closed)}`), `${count(pool.connections.failed)} failed, made in ${duration(pool.connections.create_p50_seconds)}`),
    ),
    waitAgainstHold(checkouts),
    course(pool),
    pool.held.length === 0
      ? card("Who holds connections now", null, h("p", { class: "soft" }, levels?.in_use > 0 ? `Not known: ${plural(levels.in_use, "connection")} in use, none of them taken through the monitor.` : "Nobody: every connection is in the pool."))
      : tableCard("Who holds connections now", pool.held.length < checkouts.out ? `the ${pool.held.length} longest of ${count(checkouts.out)}` : "longest first", table({ label: `Holders of ${pool.name}`, rows: pool.held, columns: HOLDERS(leakAfter) })),
    timeouts(pool.timeouts, leakAfter));
}

/** Where a checkout's time goes: waiting for a connection, or having one. */
function waitAgainstHold({ wait_seconds: wait, hold_seconds: hold }) {
  const all = wait + hold;
  if (all === 0) return null;
  return card("Wait against hold", "all checkouts together",
    h("div", { class: "parts", role: "img", "aria-label": `waited ${duration(wait)}, held ${duration(hold)}` }, h("i", { class: "p5", css: { width: `${(100 * wait) / all}%` } }), h("i", { class: "p1", css: { width: `${(100 * hold) / all}%` } })),
    h("p", { class: "legend" }, h("span", {}, h("i", { class: "dot delete" }), `waited ${duration(wait)}`), h("span", {}, h("i", { class: "dot info" }), `held ${duration(hold)}`)),
    h("p", { class: "small soft" }, wait > hold / 4
      ? "Callers spend much of their time waiting. Shorten what is done with a connection, or allow more of them."
      : "Callers hardly wait for connections."));
}

function course({ minutes }) {
  const known = minutes.filter((minute) => minute.checkouts !== null);
  if (known.length < 2) return null;
  const times = minutes.map((minute) => Date.parse(minute.ended_at) / 1000);
  return h("div", { class: "grid" },
    h("div", { class: "c6 stack" }, card("Use over the last hour", legend(USE), lines({ columns: [times, minutes.map((minute) => minute.usage)], series: USE, format: share, least: 1, label: "Connections in use as a share of the most there may be, over the last hour", height: 150 }))),
    h("div", { class: "c6 stack" }, card("Waits over the last hour", legend(WAITS), lines({ columns: [times, minutes.map((minute) => minute.wait_mean_seconds)], series: WAITS, format: duration, least: 0.001, label: "Mean wait for a connection over the last hour", height: 150 }))));
}

/** Time-outs by their reason: the newest is explained, those like it are counted. */
function timeouts(list, leakAfter) {
  const groups = new Map();
  for (const one of list) {
    const alike = `${one.reason} ${one.explanation.split("\n")[1]}`;
    if (groups.has(alike)) groups.get(alike).push(one);
    else groups.set(alike, [one]);
  }
  return [...groups].map(([alike, [newest, ...others]]) => explained(alike, newest, others, leakAfter));
}

function explained(alike, timeout, others, leakAfter) {
  const [, meaning, remedy] = timeout.explanation.split("\n");
  return h("section", { class: "card", key: alike },
    h("div", { class: "head" }, h("h2", {}, REASONS[timeout.reason] || words(timeout.reason)), h("span", { class: "note" }, `a checkout timed out ${ago(timeout.at)}`, others.length > 0 ? `, and ${plural(others.length, "more", "more")} like it since ${clock(others.at(-1).at)}` : null)),
    h("p", {}, `No connection within ${duration(timeout.waited_seconds)}`, timeout.call_site ? [" at ", h("span", { class: "mono" }, timeout.call_site)] : null, `: ${count(timeout.out)} out, ${count(timeout.waiting)} others waiting; `, prose(meaning), "."),
    h("p", { class: "strong" }, sentence(remedy)),
    timeout.held.length > 0 ? h("details", {}, h("summary", {}, `Who held the ${plural(timeout.held.length, "connection")} then`), table({ label: "Holders at the time-out", rows: timeout.held, columns: HOLDERS(leakAfter) })) : null);
}
