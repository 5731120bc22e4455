// Every view, in both themes and three widths.

import assert from "node:assert/strict";
import test from "node:test";
import { VIEWS, drawn, go, open, overflow, picture, telling, unaccessible } from "../browser.mjs";

for (const [theme, width, audited] of [["light", 1440, true], ["dark", 1440], ["light", 820], ["dark", 390, true]]) {
  test(`every view is drawn without a ${audited ? "serious " : ""}fault, ${theme}, ${width} pixels wide`, () => telling(open("BUSY", "overview", { theme, width }), async (page) => {
    const statement = await page.getAttribute(".card table tbody a", "href");
    for (const view of [...VIEWS, statement.slice(2)]) {
      await go(page, view);
      assert.ok(await page.textContent("#main h1"), view);
      assert.equal(await page.locator("#main .empty h2", { hasText: "No numbers" }).count(), 0, view);
      assert.ok((await overflow(page)) <= 0, `${view} scrolls sideways`);
      if (audited) assert.deepEqual(await unaccessible(page), [], view);
      await picture(page, `${view.split(/[/?]/)[0]}-${theme}-${width}`);
    }
  }));
}

test("an address that names nothing says so", () => telling(open("BUSY", "nowhere"), async (page) => {
  assert.match(await page.textContent("#main"), /no such view/);
  await page.click("#main a");
  await drawn(page);
  assert.equal(await page.textContent("#main h1"), "Overview");
}));

test("a statement shows its SQL in colours, its course, its callers and its slow calls", () => telling(open("BUSY"), async (page) => {
  await page.click(".card table tbody a");
  await page.waitForSelector("pre.sql");
  assert.ok((await page.locator("pre .sql-keyword").count()) > 5);
  assert.ok((await page.locator("#main canvas").count()) >= 3);
  const text = await page.textContent("#main");
  for (const part of ["Who calls it", "Slow calls that are kept", "How long calls took", "GET /orders", "page_traffic.rs"]) assert.ok(text.includes(part), part);
  assert.match(await page.title(), /Statement/);
}));

test("the overview says what needs attention, and a pool why it had no connection", () => telling(open("BUSY"), async (page) => {
  assert.ok((await page.locator(".attention li").count()) > 0);
  await go(page, "pools");
  const text = await page.textContent("#main");
  assert.match(text, /A slow statement kept connections busy/);
  assert.match(text, /more like it since/);
  await page.click("#main summary >> nth=0");
  assert.match(await page.textContent("#main details table"), /runs for/);
}));

test("advice folds out what it rests on, and stays open when news come", () => telling(open("BUSY", "recommendations"), async (page) => {
  const advice = page.locator(".advice").first();
  await advice.locator("summary").click();
  assert.ok(await advice.locator("pre").first().isVisible());
  await page.waitForResponse((response) => response.url().includes("/recommendations"));
  await page.waitForResponse((response) => response.url().includes("/recommendations"));
  assert.ok(await advice.locator("pre").first().isVisible());
}));
