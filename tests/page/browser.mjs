// A browser for the stories, and what every story holds against the page: no fault, nobody else is asked, nothing hostile runs.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before } from "node:test";

const tools = process.env.MONITOR_TEST_PAGE_TOOLS;
const require = createRequire(join(tools, "node_modules", "x.js"));
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core");

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** Where pictures of the page go, to be looked at. */
const PICTURES = join(tools, "pictures");

export const VIEWS = ["overview", "statements", "requests", "tables", "transactions", "slow", "pools", "alerts", "recommendations", "compare"];

let browser;
before(async () => {
  const { existsSync } = await import("node:fs");
  browser = await chromium.launch({ executablePath: BROWSERS.find((path) => existsSync(path)), args: FLAGS });
});
after(() => browser.close());

/** Where a scene is: `BUSY`, `EMPTY`, `CROWDED`, `HOSTILE`, `MOUNTED`, `GUARDED`. */
export const scene = (name) => process.env[`PAGE_${name}`];

/** A view of a scene in a window of its own, once it has drawn its numbers. `faults` has what went wrong since. */
export async function open(name, view = "overview", { width = 1280, theme = "light", script } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults = [];
  page.on("console", (message) => { if (message.type() === "error") faults.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => faults.push(`error: ${error.stack}`));
  page.on("dialog", (dialog) => { faults.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (!request.url().startsWith(new URL(scene(name)).origin) && !/^(data|blob):/.test(request.url())) faults.push(`asked ${request.url()}`); });
  if (script) await page.addInitScript(script);
  await page.goto(`${scene(name)}#/${view}`);
  const story = { page, context, faults, client: await context.newCDPSession(page), close: () => context.close() };
  await drawn(page);
  return story;
}

/** Waits until a view shows what it asked for. */
export async function drawn(page) {
  await page.waitForSelector("#main h1, #main .empty", { state: "attached" });
}

/** Goes to another view by its address. */
export async function go(page, view) {
  await page.evaluate((hash) => { document.getElementById("main").replaceChildren(); location.hash = hash; }, `#/${view}`);
  await drawn(page);
}

/** Tells a story, and ends with what holds for all of them. */
export async function telling(opening, tell) {
  const story = await opening;
  try {
    await tell(story.page, story);
    assert.deepEqual(story.faults, []);
  } finally {
    await story.close();
  }
}

/** Faults that axe calls serious or critical, each with the first place it is at. */
export async function unaccessible(page) {
  const { readFile } = await import("node:fs/promises");
  await page.evaluate(await readFile(axe, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
  return violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)} ${one.nodes[0].failureSummary}`);
}

/** By how many pixels the page is wider than its window. */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

export async function picture(page, name) {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

/** What the first column of the only table, or of the one with this label, reads. */
export const column = (page, place) => page.$$eval("#main tbody tr", (rows, at) => rows.map((row) => row.children[at].textContent), place);
