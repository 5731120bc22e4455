// Two moments side by side: what became slower, faster, new, and whether that is more than chance.

import { h } from "../dom.js";
import { count, duration, moment, plural, rate, share, words } from "../format.js";
import { empty, figure, figures, rateOf, shareOf, statementCell, table, tableCard, timeOf, title } from "../parts.js";

const GOOD = new Set(["faster", "fewer_failures", "gone", "fewer_rows"]);
const BAD = new Set(["slower", "more_failures"]);

/** The moment that this page remembers by itself, until it is closed: nothing on the server changes. */
const kept = { at: null, text: null };

export const compare = {
  name: "Compare",
  async load({ api, params, local }, signal) {
    const moments = await api.get("moments", {}, signal);
    let comparison = local.comparison ?? null;
    if (params.before) comparison = await api.get("comparison", { before: params.before, after: params.after || "now" }, signal);
    return { moments: moments.moments, comparison };
  },
  draw({ moments, comparison }, context) {
    return [
      title("Compare", "what changed between two moments, and whether that is more than chance"),
      context.local.refused ? h("p", { class: "notice bad", role: "alert" }, `${context.local.refused}.`) : null,
      choose(moments, context),
      comparison ? shown(comparison) : h("section", { class: "card" }, empty("Choose what to compare with now",
        "Keep this moment, deploy or change something, and compare when some minutes have passed. Or open a snapshot that was downloaded before, also of another process.")),
    ];
  },
};

function choose(moments, context) {
  const { api, local, params, go, draw, reload, session } = context;
  const tried = async (work) => {
    try {
      await work();
      local.refused = null;
    } catch (error) {
      local.refused = error.message;
    }
    return reload();
  };
  const against = (text) => tried(async () => {
    local.comparison = await api.send("POST", "comparison", text);
    if (params.before) go({ before: "", after: "" });
  });
  const keep = () => tried(async () => {
    kept.text = await api.text("snapshot");
    kept.at = Date.now();
  });
  const open = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    if (session?.upload_bytes_max && file.size > session.upload_bytes_max) {
      local.refused = `${file.name} is larger than the ${count(session.upload_bytes_max)} bytes that are taken`;
      draw();
      return;
    }
    await against(await file.text());
  };
  const names = [["", "a moment"], ...moments.map((one) => [one.name, `${one.name} (${moment(one.at)})`])];
  return h("section", { class: "card" },
    h("div", { class: "toolbar" },
      h("button", { type: "button", class: "button", on: { click: keep } }, kept.text ? "Keep this moment instead" : "Keep this moment"),
      kept.text ? h("button", { type: "button", class: "button primary", on: { click: () => against(kept.text) } }, `Compare ${moment(kept.at)} with now`) : null,
      h("a", { class: "button", href: api.url("snapshot"), download: true }, "Download snapshot"),
      h("label", { class: "button" }, "Open a snapshot", h("input", { type: "file", class: "sr", accept: "application/json,.json", on: { change: open } }))),
    moments.length > 0 ? h("div", { class: "toolbar" }, h("span", { class: "soft" }, "Saved by the service:"),
      picker("Before", names, params.before || "", (before) => go({ before })), h("span", { class: "soft" }, "against"),
      picker("After", [["now", "now"], ...names.slice(1)], params.after || "now", (after) => go({ after })),
    ) : null,
    session?.actions ? h("form", { class: "toolbar", on: { submit: (event) => {
      event.preventDefault();
      const name = event.target.elements.name.value.trim();
      if (name) tried(() => api.send("PUT", `moments/${encodeURIComponent(name)}`));
    } } }, h("input", { name: "name", class: "field", placeholder: "before the deploy", "aria-label": "Name of the moment", maxlength: 60, required: true }), h("button", { class: "button" }, "Save on the server")) : null);
}

function picker(label, options, chosen, choose) {
  return h("select", { class: "field", "aria-label": label, on: { change: (event) => choose(event.target.value) } }, options.map(([name, text]) => h("option", { value: name, selected: name === chosen }, text)));
}

function shown(comparison) {
  const { before, after, total, changed, unchanged, too_soon: soon } = comparison;
  const rows = comparison.statements.filter((one) => one.difference.answer === "changed");
  return [
    h("p", { class: "soft" }, `Before: ${period(before)}. After: ${period(after)}.${comparison.is_continuation ? " Both are of one process: after is what happened since before." : ""}`),
    figures(
      figure("Calls", rateOf(total.after.calls_per_second), `before ${rate(total.before.calls_per_second)}`),
      figure("Mean", timeOf(total.after.mean_seconds), `before ${duration(total.before.mean_seconds)}`),
      figure("p95", timeOf(total.after.p95_seconds), `before ${duration(total.before.p95_seconds)}`),
      figure("Failed", shareOf(total.after.error_rate), `before ${share(total.before.error_rate)}`),
      figure("Database time", signed(total.seconds_per_hour), "an hour, more or less")),
    rows.length === 0
      ? h("section", { class: "card" }, empty("Nothing changed", `${plural(unchanged, "statement")} held still, ${count(soon)} had too few calls to tell.`))
      : tableCard(plural(changed, "statement changed", "statements changed"), `${count(unchanged)} unchanged, ${count(soon)} too soon to tell`, table({ label: "Statements that changed", rows, columns: COLUMNS })),
  ];
}

const COLUMNS = [
  { name: "Statement", wide: true, show: statementCell },
  { name: "What", show: (one) => h("span", { class: "row" }, one.difference.changes.map((change) => h("span", { class: `pill ${BAD.has(change.kind) ? "bad" : GOOD.has(change.kind) ? "ok" : "info"}`, title: chance(change) }, words(change.kind)))) },
  { name: "Mean", num: true, show: ({ difference: { before, after } }) => fromTo(duration(before.calls ? before.mean_seconds : null), timeOf(after.calls ? after.mean_seconds : null)) },
  { name: "p95", num: true, show: ({ difference: { before, after } }) => fromTo(duration(before.calls ? before.p95_seconds : null), timeOf(after.calls ? after.p95_seconds : null)) },
  { name: "Failed", num: true, show: ({ difference: { before, after } }) => fromTo(share(before.error_rate), shareOf(after.error_rate)) },
  { name: "Calls", num: true, show: ({ difference: { before, after } }) => fromTo(rate(before.calls_per_second), rateOf(after.calls_per_second)) },
  { name: "An hour", num: true, show: (one) => signed(one.difference.seconds_per_hour), title: "Database time an hour, more or less" },
];

/** How often chance alone does this. */
function chance({ p }) {
  if (p === null) return null;
  return p < 1e-6 ? "chance alone does this less than once in a million times" : `chance alone does this in ${share(p)} of cases`;
}

const period = (side) => `${side.build ? `${side.build}, ` : ""}${duration(side.covered_seconds)} up to ${moment(side.at)}`;
const fromTo = (before, after) => h("span", { class: "nowrap" }, h("span", { class: "faint" }, before, " → "), after);

function signed(seconds) {
  if (!Number.isFinite(seconds) || seconds === 0) return "0 s";
  return h("span", { class: `nowrap ${seconds > 0 ? "text-bad" : "text-ok"}` }, `${seconds > 0 ? "+" : "−"}${duration(Math.abs(seconds))}`);
}
