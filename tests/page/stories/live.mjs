// News as they come, a stream that breaks, and a page that is left open.

import assert from "node:assert/strict";
import test from "node:test";
import { open, scene, telling } from "../browser.mjs";

/** Keeps the page's streams where a story finds them. */
function keepStreams() {
  const Real = globalThis.EventSource;
  globalThis.streams = [];
  globalThis.EventSource = class extends Real {
    constructor(...all) {
      super(...all);
      globalThis.streams.push(this);
    }
  };
}

test("numbers move by themselves, hold still when paused, and go on", () => telling(open("BUSY"), async (page) => {
  await page.waitForSelector(".live:has-text('Live')");
  const now = () => page.textContent(".side-foot");
  const calls = () => page.textContent(".figure .sub >> nth=0");
  const [foot, seen] = [await now(), await calls()];
  await page.waitForFunction((text) => document.querySelector(".side-foot").textContent !== text, foot);
  await page.waitForFunction((text) => document.querySelector(".figure .sub").textContent !== text, seen);
  await page.click("text=Pause");
  await page.waitForSelector(".live:has-text('Paused')");
  const still = await now();
  const heard = await page.evaluate(() => new Promise((done) => {
    const stream = new EventSource("api/v1/live");
    let count = 0;
    stream.addEventListener("live", () => { if ((count += 1) === 3) { stream.close(); done(count); } });
  }));
  assert.equal(heard, 3);
  assert.equal(await now(), still);
  await page.click("text=Resume");
  await page.waitForFunction((text) => document.querySelector(".side-foot").textContent !== text, still);
}));

test("a stream that breaks is said, taken up again, and forgotten", () => telling(open("BUSY", "statements", { script: keepStreams }), async (page) => {
  await page.waitForSelector(".live:has-text('Live')");
  await page.evaluate(() => globalThis.streams[0].onerror());
  await page.waitForSelector(".notice:has-text('does not answer')");
  assert.ok((await page.locator("tbody tr").count()) > 10, "the last numbers stay");
  await page.waitForSelector(".live:has-text('Live')");
  await page.waitForSelector(".notice", { state: "detached" });
  assert.equal(await page.evaluate(() => globalThis.streams.length), 2);
}));

test("a question without an answer is explained, and asked again", async () => {
  const story = await open("BUSY");
  try {
    const { page } = story;
    // Else the page asks again by itself, and the button is gone before it is clicked.
    await page.click("text=Pause");
    await page.waitForSelector(".live:has-text('Paused')");
    await page.route("**/api/v1/pools*", (route) => route.fulfill({ status: 503, json: { error: "too many ask at once; ask again later" } }));
    await page.evaluate(() => { location.hash = "#/pools"; });
    await page.waitForSelector("#main .empty:has-text('too many ask at once')");
    await page.unroute("**/api/v1/pools*");
    await page.click("text=Try again");
    await page.waitForSelector("h1:has-text('Pools')");
  } finally {
    await story.close();
  }
});

/** A stream that says what the story hands it. */
function sayWhatIsHanded() {
  globalThis.EventSource = class extends EventTarget {
    constructor() {
      super();
      globalThis.stream = this;
    }
    close() {}
  };
}

/** A day has 86 400 seconds; what grows shows in far fewer. */
const NEWS = 4_000;

test("a page that is left open does not grow", () => telling(open("BUSY", "overview", { script: sayWhatIsHanded }), async (page, { client }) => {
  const overview = await (await fetch(`${scene("BUSY")}api/v1/overview`)).json();
  await page.route("**/api/v1/overview*", (route) => route.fulfill({ json: overview }));
  let told = 0;
  const tell = async (count) => {
    await page.evaluate(async ([from, to]) => {
      for (let at = from; at < to; at += 1) {
        const pools = [{ name: "web", in_use: at % 16, max: 16, waiting: at % 3, timed_out_total: 0 }];
        const data = { at: new Date(1.8e12 + at * 1000).toISOString(), uptime_seconds: at, calls_total: at * 130 + (at % 7), failed_total: at, slow_total: 0, time_seconds_total: at * 0.3, status: at % 2 ? "healthy" : "degraded", alerts_firing: at % 5, recommendations: 2, running_slow: at % 4, pools };
        globalThis.stream.dispatchEvent(new MessageEvent("live", { data: JSON.stringify(data) }));
        if (at % 50 === 0) await new Promise(requestAnimationFrame);
      }
    }, [told, told += count]);
    await client.send("HeapProfiler.collectGarbage");
    const counters = await client.send("Memory.getDOMCounters");
    return { ...counters, shown: await page.evaluate(() => document.querySelectorAll("*").length) };
  };
  const early = await tell(400);
  const late = await tell(NEWS);
  console.log(`after 400 news ${JSON.stringify(early)}, after ${NEWS} more ${JSON.stringify(late)}`);
  assert.ok(late.shown <= early.shown + 20, "elements on the page");
  assert.ok(late.nodes <= early.nodes * 1.2 + 200, "nodes, those that hang on a thread included");
  assert.ok(late.jsEventListeners <= early.jsEventListeners * 1.2 + 50, "listeners");
  assert.equal(await page.evaluate(async () => (await import(new URL("assets/live.js", location.href).href)).SECONDS_MAX), 180);
}));

test("the seconds that are kept have an end, and a restart is no rate", () => telling(open("BUSY"), async (page) => {
  const { points, gap } = await page.evaluate(async () => {
    const { Seconds } = await import(new URL("assets/live.js", location.href).href);
    const news = (at, calls, up) => ({ at: new Date(1.8e12 + at * 1000).toISOString(), uptime_seconds: up, calls_total: calls, failed_total: 0, time_seconds_total: 0 });
    const seconds = new Seconds();
    for (let at = 0; at < 1000; at += 1) seconds.add(news(at, at * 10, at));
    const points = seconds.points.length;
    seconds.add(news(1001, 5, 1));
    return { points, gap: seconds.points.at(-1).calls };
  });
  assert.equal(points, 180);
  assert.equal(gap, null);
}));
