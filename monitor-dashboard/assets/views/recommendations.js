// Advice: what to do, what it rests on, what came of it.

import { h } from "../dom.js";
import { ago, count, duration, moment, plural, share, words } from "../format.js";
import { card, copyButton, empty, pairs, pill, sentence, statementLink, table, tableCard, title } from "../parts.js";
import { sqlBlock, sqlLine } from "../sql.js";

const CONFIDENCE = {
  pattern: "its shape is known to be trouble", modelled: "a model of costs says so", observed: "measured in this process", verified: "the database's own planner says so",
};

/** Whether a step of a remedy is SQL rather than a sentence. */
const SQL = /^\s*(create|drop|alter|select|insert|update|delete|with|analyze|vacuum|explain|pragma|reindex|set|merge)\b[\s\S]*[;)\w]/i;

export function recommendation(one, context, brief) {
  const saves = one.saves_seconds_per_hour > 0 ? `saves about ${duration(one.saves_seconds_per_hour)} an hour${one.saves_share > 0 ? `, ${share(one.saves_share)} of all database time` : ""}` : null;
  return h("article", { class: "advice", key: one.key },
    h("div", { class: "head" },
      h("h3", {}, brief ? sentence(one.title) : h("a", { href: `#/recommendations?key=${encodeURIComponent(one.key)}` }, sentence(one.title))),
      h("span", { class: "row" }, pill(one.priority, `${one.priority} priority`), h("span", { class: "pill" }, words(one.rule)), muteButton(one, context))),
    h("p", {}, sentence(one.meaning), "."),
    h("p", { class: "small soft" }, [saves, `${one.effort} effort`, CONFIDENCE[one.confidence], `first seen ${ago(one.first_seen)}`].filter(Boolean).join(" · ")),
    h("div", { class: "steps" }, one.remedy.map((step) => (SQL.test(step)
      ? h("div", { class: "step" }, sqlBlock(step), copyButton(step, "Copy SQL"))
      : h("p", { class: "do" }, sentence(step))))),
    h("details", { open: context.params.key === one.key },
      h("summary", {}, "What it rests on"),
      h("div", { class: "stack" },
        one.evidence.facts.length > 0 ? pairs(one.evidence.facts.map((fact) => [fact.name, fact.value])) : null,
        one.evidence.statements.map((statement) => h("div", { class: "stack tight" }, h("p", { class: "small" }, statementLink(statement.fingerprint, null, "This statement")), sqlBlock(statement.text))),
        one.evidence.plan_before || one.evidence.plan_after ? h("div", { class: "grid" },
          one.evidence.plan_before ? h("div", { class: one.evidence.plan_after ? "c6 stack tight" : "c12 stack tight" }, h("h3", {}, "The plan as it is"), h("pre", { class: "plan", tabindex: "0", "aria-label": "The plan as it is" }, one.evidence.plan_before)) : null,
          one.evidence.plan_after ? h("div", { class: "c6 stack tight" }, h("h3", {}, "The plan with the change"), h("pre", { class: "plan", tabindex: "0", "aria-label": "The plan with the change" }, one.evidence.plan_after)) : null) : null)));
}

/** Only where the server lets the page change anything. */
function muteButton(one, context) {
  if (!context.session?.actions) return null;
  const mute = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      await context.api.send("POST", "recommendations/mute", { key: one.key });
      context.local.refused = null;
    } catch (error) {
      context.local.refused = error.message;
    }
    button.disabled = false;
    context.reload();
  };
  return h("button", { type: "button", class: "button", title: "Do not give this advice again", on: { click: mute } }, "Mute");
}

export const recommendations = {
  name: "Recommendations",
  load({ api }, signal) {
    return api.get("recommendations", {}, signal);
  },
  draw(all, context) {
    return [
      title("Recommendations", all.at ? `looked ${ago(all.at)}${all.muted > 0 ? `, ${count(all.muted)} muted` : ""}` : "not looked yet"),
      context.local.refused ? h("p", { class: "notice bad", role: "alert" }, `Not changed: ${context.local.refused}.`) : null,
      all.recommendations.length === 0
        ? h("section", { class: "card" }, empty(all.at ? "No advice" : "Not looked yet", all.at
          ? "No rule found anything to do. What each rule looked at, and why it is silent, is below."
          : "The monitor looks for advice every five minutes, the first time some minutes after its start."))
        : h("section", { class: "card flush" }, all.recommendations.map((one) => recommendation(one, context))),
      sequels(all.sequels),
      rules(all.rules),
    ];
  },
};

function sequels(list) {
  if (list.length === 0) return null;
  return tableCard("What was done, and what came of it", "indexes that were advised and are there now", table({ label: "What came of advice", rows: list, columns: [
    { name: "Index", show: (one) => h("span", { class: "mono" }, one.index) },
    { name: "For", wide: true, show: (one) => statementLink(one.statement.fingerprint, null, sqlLine(one.statement.text)) },
    { name: "Applied", show: (one) => moment(one.seen_at) },
    { name: "Verified", show: (one) => pill(one.outcome, one.outcome === "too soon" ? "too soon to tell" : one.outcome) },
    { name: "A call takes", num: true, show: (one) => (one.saved_share === null ? "–" : `${share(Math.abs(one.saved_share))} ${one.saved_share >= 0 ? "less" : "more"}`) },
  ] }));
}

function rules(list) {
  const silent = list.filter((one) => one.verdict !== "found");
  if (silent.length === 0) return null;
  return card("Rules that are silent", plural(silent.length, "rule"), h("details", {}, h("summary", {}, "What they answered, and why"),
    table({ label: "Rules that are silent", rows: silent, key: (one) => one.rule, columns: [
      { name: "Rule", show: (one) => h("span", { class: "nowrap" }, words(one.rule)) },
      { name: "Answer", show: (one) => h("span", { class: "nowrap" }, one.verdict) },
      { name: "Why", show: (one) => (one.reasons.length === 0 ? h("span", { class: "faint" }, "nothing to say") : h("ul", {}, one.reasons.slice(0, 4).map((reason) => h("li", { class: "small" }, reason.subject ? `${reason.subject.slice(0, 80)}: ` : "", reason.why)),
        one.reasons.length + one.reasons_left_out > 4 ? h("li", { class: "small faint" }, `and ${count(one.reasons.length + one.reasons_left_out - 4)} more`) : null)) },
    ] })));
}
