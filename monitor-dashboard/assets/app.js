// The page as a whole: which view is shown, where its numbers come from, the frame around it, the keys.

import * as api from "./api.js";
import { redrawCharts } from "./charts.js";
import { h, patch } from "./dom.js";
import { clock } from "./format.js";
import { Seconds, follow } from "./live.js";
import { choice, dot, empty, look } from "./parts.js";
import { alerts } from "./views/alerts.js";
import { compare } from "./views/compare.js";
import { overview } from "./views/overview.js";
import { pools } from "./views/pools.js";
import { recommendations } from "./views/recommendations.js";
import { request, requests } from "./views/requests.js";
import { slowLog } from "./views/slow.js";
import { statement } from "./views/statement.js";
import { statements } from "./views/statements.js";
import { tables } from "./views/tables.js";
import { transactions } from "./views/transactions.js";

const VIEWS = { overview, statements, statement, tables, transactions, slow: slowLog, pools, alerts, recommendations, compare, requests, request };

/** What stands at the side: the view, its name, the key after `g`, and what its badge counts. */
const NAVIGATION = [
  ["overview", "Overview", "o"],
  ["", "Workload"],
  ["statements", "Statements", "s"], ["requests", "Requests", "q"], ["tables", "Tables", "t"], ["transactions", "Transactions", "x"], ["slow", "Slow log", "l"],
  ["", "Connections"],
  ["pools", "Pools", "p"],
  ["", "Action"],
  ["alerts", "Alerts", "a"], ["recommendations", "Recommendations", "r"], ["compare", "Compare", "c"],
];

const WINDOWS = [["1m", "1 min"], ["5m", "5 min"], ["15m", "15 min"], ["60m", "1 h"], ["start", "All"]];

/** A view that takes longer than this says that it is loading; sooner, a flash would only disturb. */
const PATIENCE_MS = 200;

/** How often a view asks anew while news come in, every second: its numbers are sums over minutes. */
const REFRESH_MS = 5_000;

const page = {
  route: readRoute(), data: null, error: null, loading: false, local: {}, asking: null, again: false,
  live: "connecting", news: null, seconds: new Seconds(), heardAt: null, session: null, loadedAt: 0, paused: false, window: stored("monitor-window", "15m"),
};
const [side, top, main] = ["side", "top", "main"].map((id) => document.getElementById(id));

function stored(name, otherwise) {
  try {
    return localStorage.getItem(name) || otherwise;
  } catch {
    return otherwise;
  }
}

function store(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // The choice holds until the page is closed.
  }
}

function readRoute() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/").map(decode);
  return { name: name || "overview", rest, params: Object.fromEntries(new URLSearchParams(query)) };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a view inside the page. */
function address(name, rest, params) {
  const kept = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const query = new URLSearchParams(kept).toString();
  return `#/${[name, ...rest].map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

// === Asking ===

const view = () => VIEWS[page.route.name];

/** Asks for the view's numbers. News that come meanwhile lead to one more question, not to a queue of them. */
async function load(anew) {
  if (!view()) return draw();
  if (page.asking && !anew) {
    page.again = true;
    return undefined;
  }
  page.asking?.abort();
  const asking = new AbortController();
  page.asking = asking;
  page.again = false;
  if (anew) {
    page.loading = true;
    setTimeout(() => { if (page.asking === asking) draw(); }, PATIENCE_MS);
  }
  try {
    const data = await view().load(context(), asking.signal);
    if (page.asking !== asking) return undefined;
    [page.data, page.error, page.loadedAt] = [data, null, Date.now()];
  } catch (error) {
    if (error.name === "AbortError" || page.asking !== asking) return undefined;
    page.error = error;
    if (!(error instanceof api.ApiError)) console.error(error);
  }
  page.asking = null;
  page.loading = false;
  draw();
  return page.again ? load(false) : undefined;
}

/** What a view is given. */
function context() {
  const { route } = page;
  return {
    api, route, params: route.params, local: page.local, window: page.window, news: page.news, seconds: page.seconds.points, session: page.session,
    windowName: WINDOWS.find(([name]) => name === page.window)?.[1] ?? page.window,
    /** Changes parameters of the view's address; the view is loaded anew. */
    go: (params) => { location.hash = address(route.name, route.rest, { ...route.params, ...params }); },
    draw, reload: () => load(true), address,
  };
}

function navigate() {
  const former = page.route;
  page.route = readRoute();
  const same = former.name === page.route.name && former.rest.join() === page.route.rest.join();
  if (!same) {
    [page.data, page.error, page.local] = [null, null, {}];
    scrollTo(0, 0);
    patch(main, []);
    main.focus({ preventScroll: true });
  }
  frame();
  load(true);
}

// === Drawing ===

function draw() {
  frame();
  const shown = view();
  document.title = `${shown ? shown.name : "Not found"} – database monitor`;
  patch(main, [connection(), content(shown)]);
}

function content(shown) {
  if (!shown) return empty("There is no such view", "The address names nothing on this page.", h("a", { href: "#/" }, "Go to the overview"));
  if (page.error && !page.data) return failure(page.error);
  if (!page.data) return h("p", { class: "loading", role: "status" }, "Loading…");
  return shown.draw(page.data, context());
}

function failure(error) {
  const again = h("button", { type: "button", class: "button", on: { click: () => load(true) } }, "Try again");
  if (error.status === 401 || error.status === 403) return empty("Not allowed in", "This dashboard asks for a token. Open it with the address that its owner gave you, or ask for the token.", again);
  if (error.status === 404) return empty("This is not there any more", error.message, h("a", { href: "#/" }, "Go to the overview"));
  return empty("No numbers came back", `${error.message}.`, again);
}

/** Whether what is shown is still true. */
function connection() {
  const since = page.heardAt ? ` The numbers are from ${clock(page.heardAt)}.` : "";
  const retry = h("button", { type: "button", class: "button", on: { click: () => { stream.reopen(); load(false); } } }, "Try now");
  if (page.live === "lost") return h("div", { key: "connection", class: "notice bad", role: "status" }, h("span", {}, `The service does not answer; trying again.${since}`), retry);
  if (page.live === "stale") return h("div", { key: "connection", class: "notice", role: "status" }, h("span", {}, `Nothing new for a while.${since}`), retry);
  if (page.error && page.data) return h("div", { key: "connection", class: "notice", role: "status" }, `What you see is not the newest: ${page.error.message}.`);
  return null;
}

function frame() {
  const badges = badgesOf(page.news);
  patch(side, [
    h("a", { class: "brand", href: "#/" }, mark(), "Database monitor"),
    h("nav", { class: "nav", "aria-label": "Views" }, NAVIGATION.map(([name, text]) => {
      if (!name) return h("p", { class: "nav-heading" }, text);
      const here = page.route.name === name || `${page.route.name}s` === name;
      return h("a", { href: `#/${name}`, "aria-current": here ? "page" : null }, text, badges[name]);
    })),
    h("div", { class: "side-foot" },
      page.session ? h("span", {}, `version ${page.session.version}`) : null,
      page.heardAt ? h("span", {}, `as of ${clock(page.heardAt)}`) : null,
      page.session?.has_token ? h("button", { type: "button", class: "button", on: { click: leave } }, "Log out") : null),
  ]);
  patch(top, [health(), search(), h("span", { class: "grow" }),
    choice("Time", WINDOWS, page.window, (chosen) => {
      page.window = chosen;
      store("monitor-window", chosen);
      frame();
      load(true);
    }),
    liveness(), themeButton(),
    h("button", { type: "button", class: "button quiet icon", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)", on: { click: help } }, "?")]);
}

async function leave() {
  await fetch("logout", { method: "POST", headers: { "x-monitor-action": "1" } }).catch(() => null);
  location.assign("login");
}

function mark() {
  return h("svg", { width: 20, height: 20, viewBox: "0 0 20 20", "aria-hidden": "true" },
    h("path", { d: "M2 12h3.2l2-7 3.4 11 2.4-6H18", fill: "none", stroke: "currentColor", "stroke-width": 1.9, "stroke-linecap": "round", "stroke-linejoin": "round" }));
}

function badgesOf(news) {
  if (!news) return {};
  const badge = (number, kind, words) => (number > 0 ? h("span", { class: `badge ${kind}`, title: words }, String(number), h("span", { class: "sr" }, ` ${words}`)) : null);
  return {
    alerts: badge(news.alerts_firing, "bad", "alerts firing"),
    recommendations: badge(news.recommendations, "info", "recommendations"),
    slow: badge(news.running_slow, "warn", "calls run for longer than is good"),
    pools: badge(news.pools.reduce((sum, pool) => sum + pool.waiting, 0), "bad", "callers wait for a connection"),
  };
}

function health() {
  const status = page.news?.status;
  if (!status) return null;
  const words = { healthy: "Healthy", degraded: "Degraded", unhealthy: "Unhealthy", unknown: "Too early to tell" };
  return h("a", { class: `pill ${look(status)}`, href: "#/" }, dot(look(status)), words[status] || status);
}

function search() {
  const find = (event) => {
    if (event.type === "keydown" && event.key !== "Enter") return;
    clearTimeout(search.timer);
    const text = event.target.value;
    search.timer = setTimeout(() => {
      const here = page.route.name === "statements" ? page.route.params : {};
      if (text || page.route.name === "statements") location.hash = address("statements", [], { ...here, search: text, page: "" });
    }, event.type === "keydown" ? 0 : 250);
  };
  return h("input", {
    type: "search", id: "search", class: "field", placeholder: "Find a statement or table  ( / )", "aria-label": "Find a statement or table", autocomplete: "off", spellcheck: "false",
    value: page.route.name === "statements" ? page.route.params.search || "" : "", on: { input: find, keydown: find },
  });
}

function liveness() {
  const [kind, text] = page.paused ? ["warn", "Paused"] : { live: ["ok", "Live"], connecting: ["", "Connecting"], stale: ["warn", "No news"], lost: ["bad", "Disconnected"] }[page.live];
  return h("span", { class: "row" },
    h("span", { class: "live", role: "status" }, dot(kind), text),
    h("button", { type: "button", class: "button quiet", "aria-pressed": String(page.paused), title: "Hold the numbers still (space)", on: { click: pause } }, page.paused ? "Resume" : "Pause"));
}

function themeButton() {
  const dark = document.documentElement.dataset.theme === "dark";
  return h("button", { type: "button", class: "button quiet icon", "aria-label": dark ? "Light theme" : "Dark theme", title: `${dark ? "Light" : "Dark"} theme (d)`, on: { click: switchTheme } }, dark ? "☀" : "☾");
}

function pause() {
  page.paused = !page.paused;
  frame();
  if (!page.paused) load(false);
}

function switchTheme() {
  store("monitor-theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  globalThis.applyTheme();
}

// === Keys ===

const KEYS = [
  ["/", "find a statement or table"], ["g then o s q t x l p a r c", "go to a view, by the letters beside their names below"],
  ["j, k", "next and previous row"], ["Enter", "open the row"], ["space", "hold the numbers still, or go on"], ["d", "dark or light"], ["?", "this help"], ["Esc", "leave a field, close this"],
];

function help() {
  const dialog = document.getElementById("help");
  if (dialog.open) return dialog.close();
  patch(dialog, [h("div", { class: "stack" }, h("h2", { id: "help-title" }, "Keys"),
    h("dl", { class: "pairs" }, KEYS.map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    h("p", { class: "soft small" }, NAVIGATION.filter(([name]) => name).map(([, text, key]) => `${key} ${text}`).join(" · ")),
    h("form", { method: "dialog" }, h("button", { class: "button" }, "Close")))]);
  return dialog.showModal();
}

function rows() {
  return [...main.querySelectorAll("tbody tr a:first-of-type, .advice h3 a, .attention a")];
}

function step(by) {
  const list = rows();
  if (list.length === 0) return;
  const at = list.indexOf(document.activeElement);
  list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + by))].focus();
}

let after = "";
function key(event) {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches("input, select, textarea")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  const former = after;
  after = "";
  if (former === "g") {
    const view = NAVIGATION.find(([name, , letter]) => name && letter === event.key);
    if (view) location.hash = `#/${view[0]}`;
    return;
  }
  const does = {
    "/": () => document.getElementById("search").select(), "?": help, d: switchTheme, j: () => step(1), k: () => step(-1),
    g: () => { after = "g"; }, " ": target.matches("button, summary, a, [tabindex='0']") ? null : pause,
  }[event.key];
  if (does) {
    event.preventDefault();
    does();
  }
}

// === Start ===

document.addEventListener("themechange", () => { frame(); redrawCharts(); });
addEventListener("hashchange", navigate);
document.getElementById("skip").onclick = (event) => {
  // The part of the address behind # names the view.
  event.preventDefault();
  main.focus();
};
addEventListener("keydown", key);
document.addEventListener("visibilitychange", () => { if (!document.hidden && !page.paused) load(false); });
const stream = follow((news) => {
  page.news = news;
  page.seconds.add(news);
  page.heardAt = Date.now();
  if (document.hidden || page.paused) return;
  frame();
  if (page.error || Date.now() - page.loadedAt >= REFRESH_MS) load(false);
  else if (page.data && view()?.live) draw();
}, (state) => {
  page.live = state;
  if (page.data || page.error) draw();
  else frame();
});
api.get("session").then((session) => {
  page.session = session;
  frame();
}, () => { /* Without it nothing can be changed from here; the view's own question tells what is wrong. */ });
load(true);
