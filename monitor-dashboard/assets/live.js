// News from the server, for as long as the page is open: one stream, taken up again whenever it breaks.

import { url } from "./api.js";

/** Without a word for so long the numbers count as old; the server says something every second. */
const STALE_AFTER_MS = 10_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** Seconds that are kept to be drawn: a page that is left open for a day keeps no more. */
export const SECONDS_MAX = 180;

/** The last seconds, from totals that only grow: rates are their differences. */
export class Seconds {
  constructor() {
    this.last = null;
    this.points = [];
  }

  add(news) {
    const [at, up] = [Date.parse(news.at) / 1000, news.uptime_seconds];
    const former = this.last;
    this.last = { up, calls: news.calls_total, failed: news.failed_total, time: news.time_seconds_total };
    if (!former || up === former.up) return;
    const span = up - former.up;
    const grown = (name) => Math.max(0, this.last[name] - former[name]);
    // After a restart totals begin anew: that second is not known.
    if (span < 0) this.points.push({ at, calls: null, failed: null, mean: null });
    else this.points.push({ at, calls: grown("calls") / span, failed: grown("failed") / span, mean: grown("calls") > 0 ? grown("time") / grown("calls") : null });
    if (this.points.length > SECONDS_MAX) this.points.splice(0, this.points.length - SECONDS_MAX);
  }
}

/** `onNews(data)` hears every update, `onState(state)` how the stream is: `connecting`, `live`, `stale`, `lost`. */
export function follow(onNews, onState) {
  let stream = null;
  let heard = Date.now();
  let delay = RETRY_MIN_MS;
  let retry = 0;
  let state = "";
  const say = (next) => {
    if (next !== state) onState((state = next));
  };
  const news = (event) => {
    heard = Date.now();
    delay = RETRY_MIN_MS;
    say("live");
    if (event.data) onNews(JSON.parse(event.data));
  };
  const open = () => {
    if (stream) stream.close();
    stream = new EventSource(url("live"));
    stream.addEventListener("live", news);
    stream.onopen = () => { heard = Date.now(); };
    stream.onerror = () => {
      // The browser may try by itself and may not: doing it here makes it sure, and slower each time.
      stream.close();
      stream = null;
      say("lost");
      clearTimeout(retry);
      retry = setTimeout(open, delay);
      delay = Math.min(RETRY_MAX_MS, delay * 2);
    };
  };
  const reopen = () => {
    clearTimeout(retry);
    delay = RETRY_MIN_MS;
    open();
  };
  setInterval(() => {
    if (stream && Date.now() - heard > STALE_AFTER_MS) {
      say("stale");
      reopen();
      heard = Date.now();
    }
  }, 5_000);
  // A laptop that was asleep, a network that came back: no reason to wait for the next try.
  addEventListener("online", reopen);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !stream) reopen(); });
  say("connecting");
  open();
  return { reopen };
}
