// The small parts that every view is made of.

import { h } from "./dom.js";
import { countParts, durationParts, grouped, known, rateParts, shareParts, words } from "./format.js";
import { bar } from "./charts.js";
import { sqlLine } from "./sql.js";

/** A number with its unit set smaller; what is left out of it is in the tool-tip. */
export function value([number, unit], title) {
  return h("span", { class: "nowrap", title }, number, unit ? h("span", { class: "unit" }, unit) : null);
}
export const timeOf = (seconds) => value(durationParts(seconds), known(seconds) ? `${seconds} s` : undefined);
export const countOf = (number) => value(countParts(number), known(number) ? grouped(number) : undefined);
export const shareOf = (part) => value(shareParts(part));
export const rateOf = (number) => value(rateParts(number), known(number) ? `${number} a second` : undefined);

/** One of the great numbers at a view's head. */
export function figure(name, shown, sub) {
  return h("div", { class: "figure" }, h("dt", {}, name), h("dd", {}, shown, sub ? h("div", { class: "sub" }, sub) : null));
}
export const figures = (...list) => h("dl", { class: "figures" }, list);

export function card(title, note, ...children) {
  return h("section", { class: "card" }, h("div", { class: "head" }, h("h2", {}, title), note ? h("span", { class: "note" }, note) : null), children);
}

/** A card whose table reaches its edges. */
export function tableCard(title, note, ...children) {
  return h("section", { class: "card flush" }, title ? h("div", { class: "head" }, h("h2", {}, title), note ? h("span", { class: "note" }, note) : null) : null, children);
}

export function title(text, note) {
  return h("div", { class: "title" }, h("h1", {}, text), note ? h("p", {}, note) : null);
}

export function pairs(rows) {
  return h("dl", { class: "pairs" }, rows.filter(Boolean).map(([name, shown]) => [h("dt", {}, name), h("dd", {}, shown)]));
}

/** Nothing is here: why, and what to do about it. */
export function empty(heading, text, ...more) {
  return h("div", { class: "empty" }, h("h2", {}, heading), h("p", {}, text), more);
}

const LOOKS = {
  healthy: "ok", degraded: "warn", unhealthy: "bad", unknown: "",
  info: "info", warning: "warn", error: "bad", critical: "bad",
  pending: "warn", firing: "bad", resolved: "ok",
  completed: "ok", failed: "bad", cancelled: "warn",
  high: "bad", medium: "warn", low: "info",
  helped: "ok", "did not help": "bad", "too soon": "",
};

/** The colour class of a state's word. */
export const look = (word) => LOOKS[word] ?? "";
export const pill = (word, text) => h("span", { class: `pill ${look(word)}` }, text || words(word));
export const dot = (look) => h("i", { class: `dot ${look}`, "aria-hidden": "true" });
export const kind = (name) => h("span", { class: "kind" }, dot(name), name);

export function shareBar(part, name) {
  return h("span", { class: "nowrap" }, bar(part || 0, name), shareOf(part));
}

const ARROWS = { rising: "↑", falling: "↓", steady: "→", too_soon: "" };

/** Where a number goes. Worse is said by colour and by the arrow; `null` where nobody can tell yet. */
export function trend(direction, change) {
  if (!direction || direction === "too_soon") return h("span", { class: "trend faint", title: "too few minutes to tell" }, "–");
  const look = direction === "rising" ? "text-bad" : direction === "falling" ? "text-ok" : "faint";
  return h("span", { class: `trend ${look}` }, `${ARROWS[direction] || ""} ${change || words(direction)}`);
}

/**
 * A table. Columns have `name`, `show(row)`, and may have `sort` (the API's name for it), `num`, `wide`, `title`; `sort` is the
 * order in force and `onSort(name)` changes it.
 */
export function table({ label, columns, rows, key, sort, onSort, rowClass }) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", {},
      h("caption", { class: "sr" }, label),
      h("thead", {}, h("tr", {}, columns.map((column) => heading(column, sort, onSort)))),
      h("tbody", {}, rows.map((row, at) => h("tr", { key: key ? key(row, at) : at, class: rowClass ? rowClass(row) : null },
        columns.map((column) => h("td", { class: [column.num && "num", column.wide && "wide"].filter(Boolean).join(" ") || null }, column.show(row))))))));
}

function heading(column, sort, onSort) {
  const props = { scope: "col", class: column.num ? "num" : null, title: column.title };
  if (!column.sort || !onSort) return h("th", props, column.name);
  const by = sort && sort.by === column.sort ? sort.direction : null;
  return h("th", { ...props, "aria-sort": by || "none" }, h("button", { type: "button", on: { click: () => onSort(column.sort) } }, column.name));
}

/** One of a few, as buttons side by side. */
export function choice(label, options, chosen, choose) {
  return h("div", { class: "choice", role: "group", "aria-label": label }, options.map(([name, text]) =>
    h("button", { type: "button", "aria-pressed": String(name === chosen), on: { click: () => choose(name) } }, text)));
}

export function select(label, options, chosen, choose) {
  return h("select", { class: "field", "aria-label": label, on: { change: (event) => choose(event.target.value) } },
    options.map(([name, text]) => h("option", { value: name, selected: name === chosen }, text)));
}

/** A statement's line in a list, with a dot in the colour of its kind. */
export function statementCell(row) {
  return h("span", { class: "with-kind" }, h("i", { class: `dot ${row.kind}`, title: row.kind }, h("span", { class: "sr" }, row.kind)), statementLink(row.fingerprint, row.database, sqlLine(row.text)));
}

/** Which rows of how many, and a way to the others. `list` has the API's `page`, `page_size` and `total`. */
export function pager({ page, page_size: size, total }, go) {
  if (total <= size && page === 1) return null;
  const last = Math.max(1, Math.ceil(total / size));
  const from = Math.min(total, (page - 1) * size + 1);
  return h("nav", { class: "pager", "aria-label": "Pages" },
    h("span", {}, `${grouped(from)}–${grouped(Math.min(total, page * size))} of ${grouped(total)}`),
    h("span", { class: "row" },
      h("button", { type: "button", class: "button", disabled: page <= 1, on: { click: () => go(Math.min(last, page - 1)) } }, "Previous"),
      h("button", { type: "button", class: "button", disabled: page >= last, on: { click: () => go(page + 1) } }, "Next")));
}

/** A sentence of the monitor's: what stands between back-ticks is code. */
export function prose(text) {
  return String(text ?? "").split(/`([^`]*)`/).map((part, at) => (at % 2 === 1 ? h("code", { class: "inline" }, part) : part));
}

/** The same, with a capital at its beginning. */
export const sentence = (text = "") => prose(text.charAt(0).toUpperCase() + text.slice(1));

/** Copies a text, and says so. */
export function copyButton(text, name = "Copy") {
  const copy = async (event) => {
    const button = event.currentTarget;
    const said = await toClipboard(text);
    button.textContent = said ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = name; }, 1600);
  };
  return h("button", { type: "button", class: "button", on: { click: copy } }, name);
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS and away from localhost there is no clipboard; an old way still works.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export const link = (to, ...children) => h("a", { href: to }, children);

/** The page of a statement. `null` stands for the calls of those that gave up their place. */
export function statementLink(fingerprint, database, shown) {
  if (!fingerprint) return h("span", { class: "soft", title: "calls of statements that gave up their place to newer ones" }, shown);
  return h("a", { href: `#/statement/${encodeURIComponent(fingerprint)}${database ? `?database=${encodeURIComponent(database)}` : ""}` }, shown);
}

/** Failed calls as a share: red from one in a hundred on. */
export function failedOf(numbers) {
  const look = numbers.failed === 0 ? "faint" : numbers.error_rate >= 0.01 ? "text-bad" : null;
  return h("span", { class: look, title: `${grouped(numbers.failed)} of ${grouped(numbers.calls)} calls` }, shareOf(numbers.error_rate));
}

/** Whom something is about, as a link where it has a page. */
export function subject(about) {
  if (about.fingerprint) return statementLink(about.fingerprint, about.database, about.name);
  if (about.pool) return link("#/pools", about.name);
  if (about.table) return link(`#/statements?table=${encodeURIComponent(about.table)}`, about.name);
  return h("span", {}, about.name);
}
