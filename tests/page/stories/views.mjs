// Every view, in both themes and three widths.

import assert from "node:assert/strict";
import test from "node:test";
import { VIEWS, drawn, go, open, overflow, picture, telling, unaccessible } from "../browser.mjs";

for (const [theme, width, audited] of [["light", 1440, true], ["dark", 1440], ["light", 820], ["dark", 390, true]]) {
  test(`every view is drawn without a ${audited ? "serious " : ""}fault, ${theme}, ${width} pixels wide`, () => telling(open("BUSY", "overview", { theme, width }), async (page) => {
    const statement = await page.getAttribute(".card table tbody a", "href");
    for (const view of [...VIEWS, statement.slice(2), "request/GET%20%2Forders%2F%7Bid%7D"]) {
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

test("a request says what it asks, what it asks again, and its worst example", () => telling(open("BUSY", "requests"), async (page) => {
  const names = await page.$$eval("#main tbody tr td:first-child", (cells) => cells.map((cell) => cell.textContent));
  assert.deepEqual([...names].sort(), ["GET /cart", "GET /orders/{id}", "job:newsletter"]);
  const row = page.locator("#main tbody tr", { hasText: "GET /orders/{id}" });
  assert.match(await row.textContent(), /up to 12 times/);
  await page.click("button:has-text('Over budget')");
  await page.waitForFunction(() => document.querySelectorAll("#main tbody tr").length === 1);
  assert.match(await page.textContent("#main tbody"), /GET \/cart/);
  await page.click("#main .choice button:has-text('All')");
  await page.click("#main tbody a:has-text('GET /orders/{id}')");
  await page.waitForSelector("h1:has-text('GET /orders/{id}')");
  const text = await page.textContent("#main");
  for (const part of ["Called again and again", "one after another", "scenes.rs", "The one that took most", "How many queries each made"]) assert.ok(text.includes(part), part);
  assert.equal(await page.getAttribute("nav a:has-text('Requests')", "aria-current"), "page");
  await page.click("#main tbody a");
  await page.waitForSelector("pre.sql");
}));

test("a request's numbers move by themselves", () => telling(open("BUSY", "request/GET%20%2Forders%2F%7Bid%7D"), async (page) => {
  const seen = await page.textContent("#main .title");
  await page.waitForFunction((text) => document.querySelector("#main .title").textContent !== text, seen);
}));

test("a request that nobody knows is said to be none", () => telling(open("BUSY", "request/GET%20%2Fnowhere"), async (page) => {
  assert.match(await page.textContent("#main .empty"), /Nothing of this name/);
}));

test("advice folds out what it rests on, and stays open when news come", () => telling(open("BUSY", "recommendations"), async (page) => {
  const advice = page.locator(".advice").first();
  await advice.locator("summary").click();
  assert.ok(await advice.locator("pre").first().isVisible());
  await page.waitForResponse((response) => response.url().includes("/recommendations"));
  await page.waitForResponse((response) => response.url().includes("/recommendations"));
  assert.ok(await advice.locator("pre").first().isVisible());
}));
