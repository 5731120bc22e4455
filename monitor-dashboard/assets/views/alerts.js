// Alerts: what fires, what may, what is over, and who was told.

import { h } from "../dom.js";
import { ago, clock, count, duration, grouped, moment, plural, words } from "../format.js";
import { card, dot, empty, look, pager, pill, sentence, subject, table, tableCard, title } from "../parts.js";

/** The timeline goes back an hour. */
const HOUR_MS = 3_600_000;

export const alerts = {
  name: "Alerts",
  load({ api, params }, signal) {
    return api.get("alerts", { page: params.page, page_size: 50 }, signal);
  },
  draw(all, context) {
    const now = Date.parse(all.at);
    const open = [...all.firing, ...all.pending];
    return [
      title("Alerts", `${plural(all.firing.length, "alert fires", "alerts fire")}, ${count(all.pending.length)} pending`),
      context.local.refused ? h("p", { class: "notice bad", role: "alert" }, `Not changed: ${context.local.refused}.`) : null,
      open.length === 0
        ? h("section", { class: "card" }, empty("Nothing fires", "A trouble becomes an alert once it has lasted. Those that are over are below."))
        : tableCard("Now", null, table({ label: "Alerts that are there", rows: open, key: (alert) => alert.key, columns: [...columns(now), ...muting(context)] })),
      all.history.length === 0 ? null : [timeline([...open, ...all.history], now),
        tableCard("Over", `${grouped(all.history_total)} kept`, table({ label: "Alerts that are over", rows: all.history, key: (alert, at) => `${alert.key} ${at}`, columns: columns(now) }), pager({ ...all, total: all.history_total }, (page) => context.go({ page: page > 1 ? page : "" })))],
      sinks(all.sinks, now),
    ];
  },
};

const columns = (now) => [
  { name: "State", show: (alert) => h("span", { class: "row nowrap" }, pill(alert.state), alert.muted ? pill("muted") : null) },
  { name: "Severity", show: (alert) => h("span", { class: "kind" }, dot(look(alert.severity)), alert.severity) },
  { name: "What", wide: true, show: (alert) => h("div", {}, h("p", { class: "wrap" }, sentence(alert.message)), h("p", { class: "small soft cell" }, words(alert.kind), " · ", subject(alert.subject))) },
  { name: "Since", show: (alert) => h("span", { class: "nowrap", title: moment(alert.since) }, ago(alert.since, now)) },
  { name: "Lasted", num: true, show: (alert) => duration((Date.parse(alert.resolved_at ?? new Date(now).toISOString()) - Date.parse(alert.since)) / 1000) },
  { name: "Fired", num: true, show: (alert) => (alert.times_fired > 0 ? `${count(alert.times_fired)}×` : "–") },
];

function muting(context) {
  if (!context.session?.actions) return [];
  const change = async (event, alert) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      await context.api.send("POST", alert.muted ? "alerts/unmute" : "alerts/mute", { key: alert.key });
      context.local.refused = null;
    } catch (error) {
      context.local.refused = error.message;
    }
    button.disabled = false;
    context.reload();
  };
  return [{ name: h("span", { class: "sr" }, "Mute"), show: (alert) => h("button", { type: "button", class: "button", on: { click: (event) => change(event, alert) } }, alert.muted ? "Unmute" : "Mute") }];
}

function timeline(list, now) {
  const from = now - HOUR_MS;
  const recent = list.filter((alert) => !alert.resolved_at || Date.parse(alert.resolved_at) > from).slice(0, 30);
  if (recent.length === 0) return null;
  const place = (at) => Math.max(0, Math.min(100, (100 * (at - from)) / HOUR_MS));
  return card("The last hour", `${clock(from, false)} – ${clock(now, false)}`, h("div", { class: "tracks" }, recent.map((alert) => {
    const [start, end] = [Date.parse(alert.since), alert.resolved_at ? Date.parse(alert.resolved_at) : now];
    const text = `${words(alert.kind)}, ${alert.subject.name}: ${clock(start)} – ${alert.resolved_at ? clock(end) : "now"}`;
    return [h("span", { class: "small cell", title: alert.message }, words(alert.kind), h("span", { class: "soft" }, ` ${alert.subject.name}`)),
      h("div", { class: "timeline", role: "img", "aria-label": text, title: text }, h("i", { class: `${look(alert.severity)}${alert.resolved_at ? " over" : ""}`, css: { left: `${place(start)}%`, width: `${Math.max(0.6, place(end) - place(start))}%` } }))];
  })));
}

function sinks(list, now) {
  if (list.length === 0) return card("Who is told", null, h("p", { class: "soft" }, "Nobody: no sink was given to the builder. Alerts are shown here only."));
  return tableCard("Who is told", null, table({ label: "Who is told of alerts", rows: list, columns: [
    { name: "Sink", show: (sink) => h("span", { class: "strong" }, sink.name) },
    { name: "Told", num: true, show: (sink) => count(sink.delivered) },
    { name: "Waiting", num: true, show: (sink) => count(sink.waiting) },
    { name: "Let go", num: true, show: (sink) => h("span", { class: sink.dropped + sink.given_up > 0 ? "text-bad" : null }, count(sink.dropped + sink.given_up)) },
    { name: "Last success", show: (sink) => (sink.last_success ? ago(sink.last_success, now) : "–") },
    { name: "Last trouble", show: (sink) => (sink.last_failure ? h("span", { class: sink.failures_in_a_row > 0 ? "text-bad" : null }, `${sink.last_failure}, ${ago(sink.last_failure_at, now)}`) : "none") },
  ] }));
}
