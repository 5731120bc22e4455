// No data at all, and data that wants to be code.

import assert from "node:assert/strict";
import test from "node:test";
import { VIEWS, go, open, picture, telling, unaccessible } from "../browser.mjs";

test("a monitor without a call says in every view what it waits for", () => telling(open("EMPTY"), async (page) => {
  for (const view of VIEWS) {
    await go(page, view);
    assert.ok((await page.locator("#main .empty p").first().textContent()).length > 40, view);
    assert.deepEqual(await unaccessible(page), [], view);
    assert.doesNotMatch(await page.textContent("#main"), /NaN|undefined|Infinity|\[object/, view);
    await picture(page, `empty-${view}`);
  }
}));

/** Elements that no view makes, so that a text must have. */
const FOREIGN = "#main img, #main script, #main iframe, #main object, #main b, #main u, #main svg[onload], #main [onerror], #main [style*='javascript'], a[href^='javascript']";

test("what looks like HTML or a script is shown, and stays a text", () => telling(open("HOSTILE", "statements"), async (page) => {
  const list = await page.$$eval("tbody a", (links) => links.map((link) => link.getAttribute("href").slice(2)));
  assert.ok(list.length >= 7);
  for (const view of [...VIEWS, ...list]) {
    await go(page, view);
    assert.equal(await page.locator(FOREIGN).count(), 0, view);
    assert.equal(await page.evaluate(() => ({}).constructor.name), "Object");
  }
  await go(page, "statements");
  const text = await page.textContent("#main");
  for (const part of ["<script>alert(4)</script>", "😀", "日本語", "javascript:alert(6)", "__proto__"]) assert.ok(text.includes(part), part);
  await go(page, "slow");
  assert.ok((await page.textContent("#main")).includes("<script>alert(2)</script>"));
  await go(page, "pools");
  assert.ok((await page.textContent("#main")).includes("<img src=x onerror=alert(1)>"));
  await picture(page, "hostile-pools");
  await go(page, "requests");
  await page.click("tbody a");
  await page.waitForSelector("h1:has-text('<img src=x onerror=alert(7)>')");
  assert.equal(await page.locator(FOREIGN).count(), 0);
}));

test("of a megabyte of SQL the beginning is shown", () => telling(open("HOSTILE", "statements?search=long_text"), async (page) => {
  // Its summary knows the table; its text ends long before.
  await page.click("tbody a");
  await page.waitForSelector("pre.sql");
  const shown = await page.textContent("pre.sql");
  assert.ok(shown.length > 10_000 && shown.length < 25_000, `${shown.length} characters`);
  assert.ok((await page.evaluate(() => document.querySelectorAll("*").length)) < 8_000);
}));
