// The streams as small charts, the worst first.
import * as api from "./api.js";
import * as charts from "./charts.js";
import { el, number, platform, utc } from "./dom.js";

const kHours = 3;
const kOrder = { surge: 0, blind: 1, learning: 2, calm: 3 };
const kWord = { surge: "surging", blind: "blind", learning: "learning", calm: "calm" };
const cards = new Map();  // name -> {node, stream, ...}

function card(stream) {
  const c = { stream, state: el("span.state"), numbers: el("p.numbers"), reason: el("p.soft"),
    chart: el("div.chart"), visible: false, drawnAt: 0, since: 0 };
  c.node = el("li.card", { "data-stream": stream.name },
    el("h3", {}, stream.name, " ", c.state), c.numbers, c.reason, c.chart);
  watcher.observe(c.node);
  return c;
}

function show(c) {
  const s = c.stream;
  c.node.className = "card" + (s.state === "surge" || s.state === "blind" ? " bad" : s.state === "learning" ? " watch" : "");
  c.state.className = "state " + s.state;
  c.state.textContent = kWord[s.state] || s.state;
  const known = s.observed !== undefined;
  c.numbers.textContent = known
    ? `${number(s.observed)} a minute; usual ${number(s.expected)}${s.upper > s.expected ? `, pages from ${number(s.upper)}` : ""}`
    : "nothing is known yet";
  c.reason.textContent = s.state === "blind"
    ? `${platform(s.platform)} cannot be read: ${s.reason || "nothing comes"}; known until ${utc(s.covered_until)}`
    : s.reason || `${platform(s.platform)}, ${s.brand}`;
}

// Charts are drawn where somebody looks: two hundred streams cost what is on the screen.
async function chart(c) {
  if (!c.visible || !charts.available()) return;
  const at = Date.now();
  if (at - c.drawnAt < 20000) return;
  c.drawnAt = at;
  try {
    const data = await api.series(c.stream.name, new Date(at - kHours * 3600000));
    charts.draw(c.chart, data, false, () => c.since);
    c.chart.setAttribute("role", "img");
    c.chart.setAttribute("aria-label", `Mentions of ${c.stream.name} in the last ${kHours} hours`);
  } catch { c.drawnAt = 0; /* the next change draws it */ }
}
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const c = cards.get(entry.target.dataset.stream);
    if (!c) continue;
    c.visible = entry.isIntersecting;
    chart(c);
  }
}, { rootMargin: "100px" });

export function section() {
  cards.clear();
  return el("section", { "aria-labelledby": "streams-h" }, el("h2", { id: "streams-h" }, "Streams"),
    el("ul.cards", { id: "streams" }));
}

// `list`: all streams, or those that changed; `surges`: name -> onset in seconds.
export function update(list, surges, whole) {
  const place = document.getElementById("streams");
  if (!place) return;
  for (const stream of list) {
    let c = cards.get(stream.name);
    if (!c) cards.set(stream.name, (c = card(stream)));
    c.stream = stream;
    c.since = surges.get(stream.name) || 0;
    show(c);
    chart(c);
  }
  if (whole) {
    const names = new Set(list.map((s) => s.name));
    for (const [name, c] of cards) if (!names.has(name)) { c.node.remove(); cards.delete(name); }
  }
  const wanted = [...cards.values()].sort((a, b) =>
    (kOrder[a.stream.state] ?? 9) - (kOrder[b.stream.state] ?? 9) || a.stream.name.localeCompare(b.stream.name));
  wanted.forEach((c, i) => { if (place.children[i] !== c.node) place.insertBefore(c.node, place.children[i] || null); });
}
