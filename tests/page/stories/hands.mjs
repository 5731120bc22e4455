// Keys, themes, doors and buttons.

import assert from "node:assert/strict";
import test from "node:test";
import { drawn, open, scene, telling } from "../browser.mjs";

test("the whole page is reached by keys", () => telling(open("BUSY"), async (page) => {
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  for (const [key, heading] of [["s", "Statements"], ["q", "Requests"], ["t", "Tables"], ["x", "Transactions"], ["l", "Slow log"], ["p", "Pools"], ["a", "Alerts"], ["r", "Recommendations"], ["c", "Compare"], ["o", "Overview"]]) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.waitForSelector(`h1:has-text("${heading}")`);
  }
  await page.keyboard.press("/");
  await page.keyboard.type("reviews");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForSelector("pre.sql");
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
}));

test("dark follows the system, a choice outlives the page", () => telling(open("BUSY", "overview", { theme: "dark" }), async (page) => {
  const theme = () => page.evaluate(() => [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]);
  assert.deepEqual(await theme(), ["dark", "rgb(14, 17, 22)"]);
  await page.keyboard.press("d");
  assert.deepEqual(await theme(), ["light", "rgb(245, 246, 248)"]);
  await page.reload();
  await drawn(page);
  assert.equal((await theme())[0], "light");
}));

test("a focus is not lost when news come", () => telling(open("BUSY", "statements"), async (page) => {
  const link = page.locator("tbody a").nth(3);
  await link.focus();
  const before = await page.evaluate(() => document.activeElement.href);
  const answered = () => page.waitForResponse((response) => response.url().includes("/statements?"));
  await answered();
  await answered();
  assert.equal(await page.evaluate(() => document.activeElement.href), before);
}));

test("the SQL is copied", () => telling(open("BUSY"), async (page, { context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.click(".card table tbody a");
  await page.click("text=Copy");
  await page.waitForSelector("button:has-text('Copied')");
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^select .* from orders/);
}));

test("an alert is muted and unmuted", () => telling(open("BUSY", "alerts"), async (page) => {
  await page.click("button:has-text('Mute') >> nth=0");
  await page.waitForSelector("button:has-text('Unmute')");
  assert.ok((await page.locator(".pill:has-text('muted')").count()) > 0);
  await page.click("button:has-text('Unmute')");
  await page.waitForSelector("button:has-text('Unmute')", { state: "detached" });
}));

test("this moment is kept and compared with a later one, and so is one on the server", () => telling(open("BUSY", "compare"), async (page) => {
  await page.click("text=Keep this moment");
  await page.click("button:has-text('with now')");
  await page.waitForSelector(".figure:has-text('Database time')");
  assert.match(await page.textContent("#main"), /one process/);
  await page.fill("input[name=name]", "before the deploy");
  await page.click("text=Save on the server");
  await page.waitForSelector("select[aria-label=Before]");
  await page.selectOption("select[aria-label=Before]", "before the deploy");
  await page.waitForFunction(() => location.hash.includes("before=before"));
  await page.waitForSelector(".figure:has-text('Database time')");
}));

test("it works below a path", () => telling(open("MOUNTED"), async (page) => {
  assert.equal(new URL(page.url()).pathname, "/deep/down/index.html");
  await page.waitForSelector(".live:has-text('Live')");
  await page.click("nav >> text=Pools");
  await page.waitForSelector("h1:has-text('Pools')");
}));

test("who has no token is shown the door, who has it gets in and out", async () => {
  const story = await open("BUSY");
  try {
    const { page } = story;
    await page.goto(scene("GUARDED"));
    await page.waitForURL("**/login");
    await page.fill("input[type=password]", process.env.PAGE_TOKEN);
    await page.keyboard.press("Enter");
    await page.waitForSelector("h1:has-text('Overview')");
    assert.equal(await page.locator("button:has-text('Mute')").count(), 0);
    await page.click("text=Log out");
    await page.waitForURL("**/login");
    assert.equal((await story.context.request.get(`${scene("GUARDED")}api/v1/overview`)).status(), 401);
  } finally {
    await story.close();
  }
});
