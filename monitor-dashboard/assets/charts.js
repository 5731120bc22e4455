// Pictures of numbers: lines by uPlot, the heat map on a canvas, spark lines and bars in the document itself.

import { h } from "./dom.js";
import { clock, count, duration } from "./format.js";

const uPlot = globalThis.uPlot;

/** A colour of the theme, as the canvas wants it. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const FONT = "11.5px -apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** Every chart that is on the page, to be drawn again when the theme changes. */
const shown = new Set();
export function redrawCharts() {
  for (const chart of shown) chart.rebuild();
}

function axis(more) {
  return {
    stroke: () => colour("faint"), font: FONT,
    grid: { stroke: () => colour("line"), width: 1 }, ticks: { show: false }, ...more,
  };
}

const TIME_STEPS = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];
const timeAxis = () => axis({
  incrs: TIME_STEPS, space: 70, size: 26,
  values: (_, ticks) => ticks.map((tick) => clock(tick * 1000, ticks.length > 1 && ticks[1] - ticks[0] < 60)),
});

/** What all charts share: size, theme, a tip under the pointer, an end. */
function managed(element, data, build) {
  let plot = null;
  let latest = data;
  const tip = document.createElement("div");
  tip.className = "tip";
  const live = {
    element,
    tip,
    get data() { return latest; },
    size() { return { width: Math.max(120, element.clientWidth), height: Math.max(120, latest.height || 170) }; },
    rebuild() {
      if (plot) plot.destroy();
      plot = build(live, latest);
      element.append(tip);
    },
    update(next) {
      const alike = plot && next.shape === latest.shape;
      latest = next;
      element.setAttribute("aria-label", next.label);
      if (alike) plot.setData(next.columns, true);
      else live.rebuild();
    },
    release() {
      shown.delete(live);
      watcher.disconnect();
      if (plot) plot.destroy();
      plot = null;
    },
  };
  const watcher = new ResizeObserver(() => { if (plot) plot.setSize(live.size()); });
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", data.label);
  live.rebuild();
  watcher.observe(element);
  shown.add(live);
  return live;
}

/** Puts the tip beside the pointer, inside the chart. */
function showTip(live, plot, lines) {
  const { left, top } = plot.cursor;
  const tip = live.tip;
  if (left === undefined || left < 0 || lines.length === 0) {
    tip.classList.remove("shown");
    return;
  }
  tip.replaceChildren(...lines.map(([name, text]) => {
    const line = document.createElement("div");
    if (name) {
      const dot = document.createElement("i");
      dot.className = "dot";
      dot.style.background = name;
      line.append(dot);
    }
    line.append(text);
    return line;
  }));
  tip.classList.add("shown");
  const x = left + plot.bbox.left / devicePixelRatio;
  const room = live.element.clientWidth - tip.offsetWidth - 4;
  tip.style.left = `${Math.max(0, Math.min(room, x + 14))}px`;
  tip.style.top = `${Math.max(0, top - tip.offsetHeight / 2 + plot.bbox.top / devicePixelRatio)}px`;
}

/** Where a logarithmic axis has its lines: at one, and where there is room at two and five, of each decade. */
function decades(min, max) {
  const steps = Math.log10(max / min) > 2.2 ? [1] : [1, 2, 5];
  const list = [];
  for (let power = Math.floor(Math.log10(min)); 10 ** power <= max; power += 1) {
    for (const step of steps) if (step * 10 ** power >= min && step * 10 ** power <= max) list.push(step * 10 ** power);
  }
  return list;
}

const lineHook = {
  kind: "lines",
  create: (element, data) => managed(element, data, (live, current) => {
    const format = current.format;
    const options = {
      ...live.size(), padding: [8, 8, 0, 0], legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      scales: {
        x: { time: true, range: (plot, min, max) => live.data.range || [min, max] },
        y: current.log
          ? { distr: 3, range: (_, min, max) => [(min || 1e-4) / 1.3, (max || 1) * 1.3] }
          : { range: (_, min, max) => [0, Math.max(max ?? 0, live.data.least || 0) * 1.08 || 1] },
      },
      axes: [timeAxis(), axis({
        size: 58, space: 34, values: (_, ticks) => ticks.map((tick) => format(Number(tick.toPrecision(6)))),
        ...(current.log ? { splits: (_, __, min, max) => decades(min, max), filter: (_, splits) => splits } : {}),
      })],
      series: [{}, ...current.series.map((one) => ({
        label: one.name, width: one.width || 1.75, stroke: () => colour(one.colour), points: { show: false }, spanGaps: false,
        fill: one.fill ? () => `color-mix(in srgb, ${colour(one.colour)} 13%, transparent)` : undefined,
      }))],
      hooks: { setCursor: [(plot) => {
        const at = plot.cursor.idx;
        const time = plot.data[0][at];
        showTip(live, plot, time === undefined || time === null ? [] : [
          ["", clock(time * 1000)],
          ...live.data.series.map((one, place) => [colour(one.colour), `${one.name} ${format(plot.data[place + 1][at])}`]),
        ]);
      }] },
    };
    return new uPlot(options, current.columns, live.element);
  }),
};

/**
 * Lines over time. `columns` are seconds and one list of values a series; `series` have a name and a theme's colour. With `log`
 * each decade is as tall as the next, for values from microseconds to seconds.
 */
export function lines({ columns, series, format, label, height, range, least, log }) {
  const shape = `${series.map((one) => one.name).join()} ${height} ${log}`;
  return h("div", {
    class: "chart",
    hook: { ...lineHook, data: { columns, series, format, label, height, range, least, log, shape } },
  });
}

export function legend(series) {
  return h("p", { class: "legend" }, series.map((one) => h("span", {}, h("i", { class: "dot", css: { background: `var(--${one.colour})` } }), one.name)));
}

/** Exponents of two that are worth a line: 1 µs, 10 µs, ... */
const DECADES = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];

const heatHook = {
  kind: "heat",
  create: (element, data) => managed(element, data, (live, current) => {
    const options = {
      ...live.size(), padding: [8, 8, 0, 0], legend: { show: false },
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: true, range: (plot, min, max) => live.data.range || [min, max] },
        y: { distr: 1, range: () => [live.data.low, live.data.high] },
      },
      axes: [timeAxis(), axis({
        size: 58, splits: () => DECADES.map(Math.log2).filter((one) => one >= live.data.low && one <= live.data.high),
        values: (_, ticks) => ticks.map((tick) => duration(Number((2 ** tick).toPrecision(3)))),
      })],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(plot) => drawHeat(plot, live.data)],
        setCursor: [(plot) => showTip(live, plot, heatTip(plot, live.data))],
      },
    };
    return new uPlot(options, current.columns, live.element);
  }),
};

function drawHeat(plot, data) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const rgb = colour("heat");
  const most = Math.log1p(data.most);
  for (const column of data.cells) {
    // Whole pixels, so that neighbours neither overlap nor leave a gap.
    const left = Math.round(plot.valToPos(column.from, "x", true));
    const right = Math.round(plot.valToPos(column.to, "x", true));
    for (const [low, high, calls] of column.rows) {
      const top = Math.round(plot.valToPos(high, "y", true));
      const bottom = Math.round(plot.valToPos(low, "y", true));
      ctx.fillStyle = `rgb(${rgb} / ${0.1 + 0.9 * (Math.log1p(calls) / most)})`;
      ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
    }
  }
  ctx.restore();
}

function heatTip(plot, data) {
  const { left, top } = plot.cursor;
  if (left === undefined || left < 0) return [];
  const at = plot.posToVal(left, "x");
  const value = plot.posToVal(top, "y");
  const column = data.cells.find((one) => at >= one.from && at < one.to);
  if (!column) return [];
  const row = column.rows.find(([low, high]) => value >= low && value < high);
  const all = column.rows.reduce((sum, one) => sum + one[2], 0);
  const where = row ? `${count(row[2])} of ${count(all)} calls took ${duration(2 ** row[0])} to ${duration(2 ** row[1])}` : `${count(all)} calls in all`;
  return [["", `${clock(column.from * 1000)} – ${clock(column.to * 1000)}`], ["", where]];
}

/** Half a doubling: what one row of the map, and one column of a distribution, holds. */
const ROW = 0.5;

/**
 * How long calls took, over time: the API's heat map, whose minutes count calls in buckets that they share.
 */
export function heat({ map, label, height, range }) {
  const tops = map.bounds_seconds.map(Math.log2);
  let most = 1;
  const cells = map.minutes.map((minute, at) => {
    const to = Date.parse(minute.ended_at) / 1000;
    const before = at > 0 ? Date.parse(map.minutes[at - 1].ended_at) / 1000 : to - 60;
    const rows = [];
    minute.counts.forEach((calls, place) => {
      if (calls === 0) return;
      most = Math.max(most, calls);
      rows.push([tops[place] - ROW, tops[place], calls]);
    });
    // A gap, as after a sleep, stays one.
    return { from: Math.max(before, to - 70), to, rows };
  });
  const [low, high] = tops.length > 0 ? [tops[0] - ROW, tops.at(-1)] : [-13, 0];
  const times = cells.length > 0 ? [cells[0].from, cells.at(-1).to] : [0, 1];
  const data = {
    cells, most, low: low - 0.4, high: high + 0.4, label, height, range,
    columns: [times, times.map(() => null)], shape: `heat ${height}`,
  };
  return h("div", { class: "chart", hook: { ...heatHook, data } });
}

/** A line without axes, for a row of a table. Decoration: the row says the same in numbers. */
export function spark(values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (known.length < 2) return h("span", { class: "faint small" }, "–");
  const most = Math.max(...known) || 1;
  const step = 96 / (values.length - 1);
  const points = values.map((value, at) => `${(at * step).toFixed(1)},${(20 - (18 * (value || 0)) / most).toFixed(1)}`);
  const line = `M${points.join("L")}`;
  return h("svg", { class: "spark", viewBox: "0 0 96 22", preserveAspectRatio: "none", "aria-hidden": "true" },
    h("path", { class: "area", d: `${line}L96,22L0,22Z` }), h("path", { class: "line", d: line }));
}

/** How much of a whole, as a bar. */
export function bar(part, kind) {
  return h("span", { class: "bar", "aria-hidden": "true" }, h("i", { class: kind || "", css: { width: `${Math.min(100, Math.max(part > 0 ? 2 : 0, part * 100))}%` } }));
}

/** Who takes what: a label, a bar and a number a line. */
export function bars(rows) {
  const most = Math.max(...rows.map((row) => row.value), 0) || 1;
  return h("div", { class: "bars" }, rows.map((row) => [
    h("span", {}, row.label),
    h("span", { class: "track", "aria-hidden": "true" }, h("i", { class: row.kind || "", css: { width: `${(row.value / most) * 100}%` } })),
    h("span", { class: "num" }, row.text),
  ]));
}

/** A distribution: how many calls took how long. Buckets are the API's, eight to a doubling. */
export function histogram(buckets, label) {
  const rows = new Map();
  for (const { from_seconds: from, to_seconds: to, count: calls } of buckets) {
    const row = Math.ceil(Math.log2(to ?? from * 1.01) / ROW - 1e-6);
    if (Number.isFinite(row)) rows.set(row, (rows.get(row) || 0) + calls);
  }
  const places = [...rows.keys()];
  if (places.length === 0) return h("p", { class: "soft" }, "No call in this time.");
  const [from, to] = [Math.min(...places) - 1, Math.max(...places) + 1];
  const most = Math.max(...rows.values());
  const width = 600 / (to - from + 1);
  const columns = [];
  for (let row = from; row <= to; row += 1) {
    const calls = rows.get(row) || 0;
    const size = calls === 0 ? 0 : Math.max(2, (110 * calls) / most);
    columns.push(h("rect", { x: (row - from) * width + 0.5, y: 112 - size, width: Math.max(1, width - 1), height: size },
      h("title", {}, `${count(calls)} calls took ${duration(2 ** ((row - 1) * ROW))} to ${duration(2 ** (row * ROW))}`)));
  }
  return h("div", { class: "stack tight" },
    h("svg", { class: "distribution", viewBox: "0 0 600 112", preserveAspectRatio: "none", role: "img", "aria-label": label }, columns),
    h("div", { class: "row between small soft" }, h("span", {}, duration(2 ** ((from - 1) * ROW))), h("span", {}, duration(2 ** (to * ROW)))));
}
