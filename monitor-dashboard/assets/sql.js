// SQL in colours and in lines. A small tokenizer, no parser: it understands nothing, so nothing can confuse it.

import { h } from "./dom.js";

/** Characters that are coloured: a span a token is dear, and nobody reads on. */
const COLOURED_MAX = 8_000;

const KEYWORDS = new Set((
  "add all alter analyze and any as asc begin between by cascade case check collate column commit conflict constraint create cross current " +
  "database default delete desc distinct do drop else end escape except exists explain fetch filter first following for foreign from full " +
  "group having if ignore ilike in index inner insert intersect into is join key lateral left like limit lock natural next not nothing null " +
  "nulls of offset on only or order outer over partition preceding primary recursive references release replace returning right rollback row " +
  "rows savepoint select set share show skip start table temporary then to transaction trigger truncate union unique update using vacuum " +
  "values view when where window with"
).split(" "));

const TOKEN = new RegExp([
  String.raw`(?<space>\s+)`,
  String.raw`(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))`,
  String.raw`(?<string>'(?:[^']|'')*(?:'|$))`,
  String.raw`(?<name>"(?:[^"]|"")*(?:"|$)|` + "`(?:[^`]|``)*(?:`|$)" + String.raw`)`,
  String.raw`(?<place>\?+|\$\d+|[:@][A-Za-z_]\w*)`,
  String.raw`(?<number>\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)`,
  String.raw`(?<word>[\p{L}_][\p{L}\p{N}_$]*)`,
  String.raw`(?<sign>[(),;.]|[^\s\p{L}\p{N}_'"\x60?$:@(),;.]{1,2}|[\s\S])`,
].join("|"), "gu");

/** The tokens of a text, as pairs of kind and text that add up to it. */
export function tokens(sql) {
  const list = [];
  for (const match of sql.matchAll(TOKEN)) {
    const groups = match.groups;
    let kind = Object.keys(groups).find((name) => groups[name] !== undefined);
    const text = match[0];
    if (kind === "word") {
      if (KEYWORDS.has(text.toLowerCase())) kind = "keyword";
      else if (sql[match.index + text.length] === "(") kind = "function";
      else kind = "plain";
    }
    list.push([kind, text]);
  }
  return list;
}

function coloured(list) {
  const nodes = [];
  let plain = "";
  for (const [kind, text] of list) {
    if (kind === "plain" || kind === "space") {
      plain += text;
      continue;
    }
    if (plain) nodes.push(plain);
    plain = "";
    nodes.push(h("span", { class: `sql-${kind}` }, text));
  }
  if (plain) nodes.push(plain);
  return nodes;
}

const LINE = new Set(["from", "where", "group", "order", "having", "limit", "union", "intersect", "except", "values", "set", "returning", "window"]);
const JOINS = new Set(["join", "left", "right", "inner", "cross", "full", "natural"]);

/** The same tokens with line breaks before the clauses of the outermost query; a text with lines of its own keeps them. */
export function laidOut(list) {
  if (list.some(([kind, text]) => kind === "space" && text.includes("\n"))) return list;
  const out = [];
  let depth = 0;
  let last = "";
  for (const [kind, text] of list) {
    const word = kind === "keyword" ? text.toLowerCase() : "";
    if (text === "(") depth += 1;
    if (text === ")") depth = Math.max(0, depth - 1);
    const joins = JOINS.has(word) && !JOINS.has(last) && last !== "outer";
    const starts = (LINE.has(word) && !(word === "set" && last !== "plain") && last !== "delete" && last !== "distinct") || joins;
    const also = (word === "and" || word === "or") && last !== "between";
    if (depth === 0 && out.length > 0 && (starts || also)) {
      if (out[out.length - 1][0] === "space") out.pop();
      out.push(["space", also ? "\n  " : "\n"]);
    }
    out.push([kind, text]);
    if (kind !== "space") last = word || kind;
  }
  return out;
}

/** One line of SQL for a table: coloured, and cut by the style where it is too long. */
export function sqlLine(sql) {
  const short = sql.length > 400 ? `${sql.slice(0, 400)}…` : sql;
  return h("code", { class: "sql sql-line" }, coloured(tokens(short.replace(/\s+/g, " "))));
}

/** A block of SQL in colours, a clause a line. The server sends at most 20 000 characters; beyond its first part it is shown plain. */
export function sqlBlock(sql) {
  const [head, rest] = [sql.slice(0, COLOURED_MAX), sql.slice(COLOURED_MAX)];
  return h("pre", { class: "sql sql-block", tabindex: "0", "aria-label": "SQL" }, h("code", {}, coloured(laidOut(tokens(head))), rest));
}
