// A stream's curve: what was observed, the band its history explains, the surge. Drawn by uPlot when
// it was there at build time; without it the numbers in words do.

const drawn = new Map();  // element -> uPlot

export const available = () => typeof window.uPlot === "function";

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function shade(since) {
  return {
    hooks: {
      drawClear: [(u) => {
        if (!since()) return;
        const left = Math.max(u.valToPos(since(), "x", true), u.bbox.left);
        const right = u.bbox.left + u.bbox.width;
        if (left >= right) return;
        u.ctx.save();
        u.ctx.fillStyle = colour("--bad-soft");
        u.ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
        u.ctx.restore();
      }],
    },
  };
}

function options(element, big, since) {
  const axis = { stroke: () => colour("--soft"), font: "11px system-ui", size: big ? 32 : 18,
    grid: { show: big, stroke: () => colour("--line"), width: 1 }, ticks: { show: false } };
  return {
    width: Math.max(element.clientWidth, 120), height: big ? 240 : 90,
    tzDate: (ts) => window.uPlot.tzDate(new Date(ts * 1000), "UTC"),
    cursor: { show: big }, legend: { show: false }, padding: [6, 16, 0, 0],
    scales: { x: { time: true }, y: { range: (u, low, high) => [0, Math.max(high || 0, 4) * 1.1] } },
    axes: [{ ...axis, values: (u, ts) => ts.map((t) => new Date(t * 1000).toISOString().slice(11, 16)) },
      { ...axis, size: 36 }],
    series: [
      {},
      { stroke: "transparent" },
      { stroke: () => colour("--band"), width: 1 },
      { stroke: () => colour("--curve"), width: 1.5, spanGaps: false },
    ],
    bands: [{ series: [1, 2], fill: () => colour("--band") + "66" }],
    plugins: [shade(since)],
  };
}

// `data`: the series of the API; `since()`: when the surge began, in seconds, or 0.
export function draw(element, data, big, since) {
  if (!available() || !element.isConnected) return;
  const from = Date.parse(data.from) / 1000;
  const x = data.observed.map((_, i) => from + i * data.step);
  const columns = [x, data.upper, data.expected, data.observed];
  const old = drawn.get(element);
  if (old) {
    old.setData(columns);
    return;
  }
  drawn.set(element, new window.uPlot(options(element, big, since), columns, element));
}

export function forget(root) {
  for (const [element, chart] of drawn)
    if (!element.isConnected || (root && root.contains(element))) {
      chart.destroy();
      drawn.delete(element);
    }
}

// A chart is as wide as its place, and its colours are those of the scheme.
let timer = 0;
function again() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    for (const [element, chart] of drawn)
      if (element.isConnected) chart.setSize({ width: Math.max(element.clientWidth, 120), height: chart.height });
  }, 150);
}
window.addEventListener("resize", again);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const chart of drawn.values()) chart.redraw(false);
});
