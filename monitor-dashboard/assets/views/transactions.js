// Transactions: how long they last, how they end, and how much of their time nothing runs.

import { histogram } from "../charts.js";
import { h } from "../dom.js";
import { count, duration, plural, share } from "../format.js";
import { card, countOf, empty, figure, figures, rateOf, shareOf, timeOf, title } from "../parts.js";

/** From this share of think time on a transaction is mostly held open by the application. */
const THINK_MUCH = 0.5;

export const transactions = {
  name: "Transactions",
  load({ api, window }, signal) {
    return api.get("transactions", { window }, signal);
  },
  draw(all) {
    const used = all.sources.filter((source) => source.begun > 0 || source.open > 0);
    if (used.length === 0) return [title("Transactions"), h("section", { class: "card" }, empty("No transaction in this time", "Transactions appear with the first BEGIN that goes through a wrapped pool or an instrumented connection."))];
    return [title("Transactions", `long from ${duration(all.long_after_seconds)}`), used.map((source) => one(source, all.long_after_seconds))];
  },
};

function one(source, longAfter) {
  const ended = source.committed + source.rolled_back + source.dropped;
  const long = source.open_longest_seconds !== null && source.open_longest_seconds >= longAfter;
  return h("section", { class: "stack", key: `${source.name} ${source.database}`, "aria-label": source.name },
    h("div", { class: "head" }, h("h2", {}, source.name), h("span", { class: "note" }, source.database)),
    figures(
      figure("Begun", rateOf(source.begun_per_second), plural(source.begun, "transaction")),
      figure("Duration p95", timeOf(source.p95_seconds), `median ${duration(source.p50_seconds)}, p99 ${duration(source.p99_seconds)}`),
      figure("Open now", countOf(source.open), source.open_longest_seconds === null ? null : h("span", { class: long ? "text-bad strong" : null }, `longest for ${duration(source.open_longest_seconds)}`)),
      figure("Not committed", h("span", { class: source.rollback_rate > 0.05 ? "text-warn" : null }, shareOf(source.rollback_rate)), `${count(source.rolled_back)} rolled back, ${count(source.dropped)} dropped`),
      figure("Nothing running", h("span", { class: source.think_share > THINK_MUCH ? "text-warn" : null }, shareOf(source.think_share)), source.think_share === null ? "nobody sees it here" : `p95 ${duration(source.think_p95_seconds)}`),
      figure("Savepoints", countOf(source.savepoints), `at most ${plural(source.depth_max, "level")} deep`)),
    h("div", { class: "grid" },
      h("div", { class: "c6 stack" }, card("How long they lasted", ended > 0 ? `${count(ended)} ended` : null, histogram(source.histogram, `How many transactions lasted how long; median ${duration(source.p50_seconds)}, p95 ${duration(source.p95_seconds)}`))),
      h("div", { class: "c6 stack" }, card("How they ended", null, ended === 0 ? h("p", { class: "soft" }, "None has ended in this time.") : [
        h("div", { class: "parts", role: "img", "aria-label": `${source.committed} committed, ${source.rolled_back} rolled back, ${source.dropped} dropped` },
          h("i", { class: "p2", css: { width: `${(100 * source.committed) / ended}%` } }), h("i", { class: "p3", css: { width: `${(100 * source.rolled_back) / ended}%` } }), h("i", { class: "p5", css: { width: `${(100 * source.dropped) / ended}%` } })),
        h("p", { class: "legend" }, h("span", {}, h("i", { class: "dot insert" }), `${count(source.committed)} committed`), h("span", {}, h("i", { class: "dot update" }), `${count(source.rolled_back)} rolled back`), h("span", {}, h("i", { class: "dot delete" }), `${count(source.dropped)} dropped while open`)),
        source.think_share > THINK_MUCH ? h("p", { class: "small soft" }, `For ${share(source.think_share)} of their time nothing ran: locks were held while the application did something else. Do that before BEGIN or after COMMIT.`) : null,
        source.dropped > 0 ? h("p", { class: "small soft" }, "A transaction that is dropped rolls back: an error path that forgets to commit looks like this.") : null]))));
}
