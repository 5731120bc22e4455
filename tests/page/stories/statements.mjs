// Sorting, filtering, searching, paging, and many statements.

import assert from "node:assert/strict";
import test from "node:test";
import { column, drawn, open, telling } from "../browser.mjs";

/** A number with its unit as seconds. */
function seconds(text) {
  const [, number, unit] = /^([\d.,]+)(ns|µs|ms|s)?/.exec(text);
  return Number(number.replaceAll(",", "")) * { ns: 1e-9, µs: 1e-6, ms: 1e-3, s: 1 }[unit || "s"];
}

const sorted = (list) => [...list].sort((a, b) => b - a);

test("a click on a heading sorts, another turns the order round", () => telling(open("BUSY", "statements"), async (page) => {
  const mean = async (direction) => {
    await page.waitForSelector(`th[aria-sort="${direction}"]:has-text("Mean")`);
    await page.waitForFunction((order) => new URLSearchParams(location.hash.split("?")[1]).get("order") === order, direction === "ascending" ? "asc" : null);
    return (await column(page, 3)).map(seconds);
  };
  await page.click("th button:has-text('Mean')");
  const falling = await settled(page, () => mean("descending"), (list) => String(list) === String(sorted(list)));
  assert.ok(falling.length > 10);
  await page.click("th button:has-text('Mean')");
  await settled(page, () => mean("ascending"), (list) => String(list) === String(sorted(list).reverse()));
}));

/** Asks until it is as it should be: an answer may still be on its way. */
async function settled(page, ask, holds) {
  for (let turn = 0; ; turn += 1) {
    const found = await ask();
    if (holds(found)) return found;
    assert.ok(turn < 100, `never settled: ${found}`);
    await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => setTimeout(done, 50)); }));
  }
}

test("a kind is chosen, a text is found, a filter is removed", () => telling(open("BUSY", "statements"), async (page) => {
  await page.selectOption("select[aria-label=Kind]", "delete");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  assert.match((await column(page, 0))[0], /delete from sessions/);
  await page.selectOption("select[aria-label=Kind]", "");
  await page.fill("#search", "cart_items");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
  await page.fill("#search", "no such thing");
  await page.waitForSelector("#main .empty");
  await page.click("text=Remove the filters");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length > 10);
  assert.equal(await page.inputValue("#search"), "");
}));

/** Windows keep the heaviest statements of a minute apart; since the start all are known. */
const ALL = { script: () => localStorage.setItem("monitor-window", "start") };

test("five thousand statements come a page at a time", () => telling(open("CROWDED", "statements", ALL), async (page) => {
  assert.match(await page.textContent("#main .title"), /5,000/);
  assert.equal(await page.locator("tbody tr").count(), 50);
  const [first] = await column(page, 0);
  await page.click("text=Next");
  await page.waitForFunction((text) => document.querySelector("tbody td").textContent !== text, first);
  assert.match(await page.textContent(".pager"), /51–100 of 5,000/);
  await page.goBack();
  await page.waitForFunction((text) => document.querySelector("tbody td")?.textContent === text, first);
  await page.fill("#search", "shelf_4321");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
}));

test("how long the first paint of five thousand statements takes is told", () => telling(open("CROWDED", "statements", ALL), async (page, { context }) => {
  const again = await context.newPage();
  await again.addInitScript(ALL.script);
  await again.addInitScript(() => {
    new MutationObserver((_, watch) => {
      if (!document.querySelector("#main tbody tr")) return;
      watch.disconnect();
      requestAnimationFrame(() => setTimeout(() => { globalThis.rowsAt = performance.now(); }));
    }).observe(document, { childList: true, subtree: true });
  });
  await again.goto(page.url());
  await drawn(again);
  await again.waitForFunction(() => globalThis.rowsAt);
  const told = await again.evaluate(() => ({ paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime, rows: globalThis.rowsAt }));
  console.log(`first paint after ${Math.round(told.paint)} ms, the rows of 5 000 statements after ${Math.round(told.rows)} ms`);
  assert.equal(await again.locator("tbody tr").count(), 50);
}));
