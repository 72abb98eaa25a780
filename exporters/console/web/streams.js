// The streams as small charts, the worst first.
import * as api from "./api.js";
import * as charts from "./charts.js";
import { el, number, platform, put, utc } from "./dom.js";

const kHours = 3;
const kChartEvery = 20000;  // ms: a curve moves by the minute
const kFilterFrom = 9;      // streams: fewer are found by the eye
const kOrder = { surge: 0, blind: 1, learning: 2, calm: 3 };
const kWord = { surge: "surging", blind: "BLIND", learning: "learning", calm: "calm" };
const cards = new Map();  // name -> {node, stream, ...}
let wanted = { text: "", state: "" };

async function explain(c) {
  put(c.why, "Asking…");
  try { put(c.why, (await api.explain(c.stream.name)).why); }
  catch (error) { put(c.why, error.message); }
}

function card(stream) {
  const c = { stream, state: el("span.state"), numbers: el("p.numbers"), reason: el("p.soft"), why: el("p"),
    chart: el("div.chart"), visible: false, empty: false, drawnAt: 0, since: 0 };
  c.more = el("details", { "data-key": `why ${stream.name}`, ontoggle: () => { if (c.more.open) explain(c); } },
    el("summary", {}, "Why does it page, or not?"), c.why,
    el("p", {}, el("a", { href: `/api/v1/streams/${encodeURIComponent(stream.name)}/explain` }, `all figures of ${stream.name}`)));
  c.node = el("li.card", { "data-stream": stream.name },
    el("h3", {}, stream.name, " ", c.state), c.numbers, c.reason, c.chart, c.more);
  watcher.observe(c.node);
  return c;
}

function show(c) {
  const s = c.stream;
  const look = "card" + (s.state === "surge" || s.state === "blind" ? " bad" : s.state === "learning" ? " watch" : "");
  if (c.node.className !== look) c.node.className = look;
  if (c.state.className !== "state " + s.state) c.state.className = "state " + s.state;
  put(c.state, kWord[s.state] || s.state);
  const known = s.observed !== undefined;
  put(c.numbers, known
    ? `${number(s.observed)} a minute; usual ${number(s.expected)}${s.upper > s.expected ? `, pages from ${number(s.upper)}` : ""}`
    : s.mentions_total > 0 ? `${number(s.mentions_total)} mentions so far, no whole minute yet` : "nothing has come yet");
  put(c.reason, s.state === "blind"
    ? `${platform(s.platform)} cannot be read: ${s.reason || "nothing comes"}${s.covered_until ? `; known until ${utc(s.covered_until)}` : ""}`
    : s.reason || `${platform(s.platform)}, ${s.brand}`);
  c.chart.hidden = c.empty || !charts.available();
  c.node.hidden = !fits(s);
}

function fits(s) {
  return (!wanted.state || (wanted.state === "trouble" ? s.state === "surge" || s.state === "blind" : s.state === wanted.state)) &&
    (!wanted.text || `${s.name} ${s.platform} ${s.brand}`.toLowerCase().includes(wanted.text));
}

// Charts are drawn where somebody looks: two hundred streams cost what is on the screen.
async function chart(c) {
  if (!c.visible || document.hidden || !charts.available()) return;
  const at = Date.now();
  if (at - c.drawnAt < kChartEvery) return;
  c.drawnAt = at;
  try {
    const data = await api.series(c.stream.name, new Date(at - kHours * 3600000));
    c.empty = data.observed.every((v) => v === null);
    c.chart.hidden = c.empty;
    if (!c.empty) charts.draw(c.chart, data, false, () => c.since);
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

function count() {
  const tally = {};
  for (const c of cards.values()) tally[c.stream.state] = (tally[c.stream.state] || 0) + 1;
  const shown = [...cards.values()].filter((c) => !c.node.hidden).length;
  const words = Object.keys(kOrder).filter((k) => tally[k]).map((k) => `${tally[k]} ${kWord[k]}`);
  put(document.getElementById("streams-n"), words.join(", ") + (shown < cards.size ? `; ${shown} shown` : "") + ".");
  const filter = document.getElementById("filter");
  if (filter) filter.hidden = cards.size < kFilterFrom;
}

function filter() {
  const again = () => { for (const c of cards.values()) show(c); count(); };
  return el("form.act", { id: "filter", role: "search", "aria-label": "Streams", onsubmit: (e) => e.preventDefault() },
    el("label", {}, "Find a stream", el("input", { type: "search", "data-key": "find", value: wanted.text,
      oninput: (e) => { wanted.text = e.target.value.trim().toLowerCase(); again(); } })),
    el("label", {}, "In state", el("select", { "data-key": "state", onchange: (e) => { wanted.state = e.target.value; again(); } },
      [["", "any"], ["trouble", "surging or blind"], ["surge", "surging"], ["blind", "blind"], ["learning", "learning"], ["calm", "calm"]]
        .map(([value, text]) => el("option", { value }, text)))));
}

export function section() {
  cards.clear();
  wanted = { text: "", state: "" };
  return el("section", { "aria-labelledby": "streams-h" }, el("h2", { id: "streams-h" }, "Streams"),
    el("p.soft", { id: "streams-n" }), filter(), el("ul.cards", { id: "streams" }));
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
    for (const [name, c] of cards) if (!names.has(name)) { watcher.unobserve(c.node); c.node.remove(); cards.delete(name); }
  }
  const order = [...cards.values()].sort((a, b) =>
    (kOrder[a.stream.state] ?? 9) - (kOrder[b.stream.state] ?? 9) || (a.stream.name < b.stream.name ? -1 : 1));
  let at = place.firstElementChild;
  for (const c of order) {
    if (c.node === at) at = at.nextElementSibling;
    else place.insertBefore(c.node, at);
  }
  count();
}
