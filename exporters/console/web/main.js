// The page: what is open first, then the streams, then what is over. It asks once, then follows.
import * as api from "./api.js";
import * as charts from "./charts.js";
import { el } from "./dom.js";
import * as incident from "./incident.js";
import * as streams from "./streams.js";

const main = document.getElementById("main");
const summary = document.getElementById("summary");
const alarm = document.getElementById("alarm");
const state = { incidents: [], streams: new Map(), status: null, skew: 0, alive: true, known: new Set() };
const now = () => Date.now() + state.skew;
const here = () => { const m = location.pathname.match(/^\/incidents\/([^/]+)/); return m ? decodeURIComponent(m[1]) : ""; };
const may = () => !state.status || !state.status.you || state.status.you.role === "operator";

function surges() {
  const out = new Map();
  for (const i of state.incidents)
    if (incident.isOpen(i)) for (const s of i.streams) if (s.state === "surge" && s.onset) out.set(s.name, Date.parse(s.onset) / 1000);
  return out;
}

function tell() {
  const open = state.incidents.filter(incident.isOpen);
  const late = open.reduce((n, i) => n + i.clocks.filter((c) => c.state === "breached" ||
    (c.state === "running" && Date.parse(c.due) <= now())).length, 0);
  const all = [...state.streams.values()];
  const blind = all.filter((s) => s.state === "blind");
  const failing = ((state.status && state.status.receivers) || []).filter((r) => r.failing);
  const words = [
    open.length ? `${open.length} open incident${open.length > 1 ? "s" : ""}` : "No open incident",
    late ? `${late} deadline${late > 1 ? "s" : ""} overdue` : "",
    `${all.length} streams`,
    blind.length ? `${blind.length} blind` : "",
  ].filter(Boolean);
  summary.textContent = words.join(", ") + ".";
  document.title = (open.length ? `(${open.length}) ` : "") + "surged";
  const trouble = [
    state.alive ? "" : "The line to surged is cut: what you see may be old. It reconnects by itself.",
    blind.length ? `Blind: ${blind.map((s) => s.name).join(", ")}. What happens there is not seen.` : "",
    failing.length ? `Pages do not reach: ${failing.map((r) => r.name).join(", ")}.` : "",
    state.status && state.status.storage !== "ok" ? `The disk takes no writes: ${state.status.storage}` : "",
  ].filter(Boolean).join(" ");
  if (alarm.textContent !== trouble) alarm.textContent = trouble;
}

function tick() {
  const t = now();
  document.getElementById("clock").textContent = new Date(t).toISOString().slice(11, 19) + " UTC";
  for (const item of document.querySelectorAll("ul.clocks > li")) item.tick(t);
}

// --- the first page
function drillForm() {
  if (!may()) return null;
  const stream = el("select", { name: "stream" }, [...state.streams.keys()].map((n) => el("option", { value: n }, n)));
  const said = el("p", { role: "status" });
  return el("details", {}, el("summary", {}, "Rehearse: start a drill"),
    el("form.act", { onsubmit: async (e) => {
      e.preventDefault();
      const f = new FormData(e.target);
      try { await api.drill({ stream: f.get("stream"), ratio: Number(f.get("ratio")), for: f.get("for") });
        said.textContent = "The drill began: pages go out, marked as a drill."; }
      catch (error) { said.textContent = `Refused: ${error.message}`; }
    } }, el("label", {}, "Stream", stream),
    el("label", {}, "Times the usual", el("input", { name: "ratio", type: "number", min: "2", max: "1000", value: "8", required: true })),
    el("label", {}, "For how long", el("input", { name: "for", value: "10m", required: true, pattern: "\\d+[smh]" })),
    el("div.buttons", {}, el("button", {}, "Start the drill")), said));
}

function overview() {
  charts.forget();
  main.replaceChildren(
    el("section", { "aria-labelledby": "open-h" }, el("h2", { id: "open-h" }, "Open incidents"), el("ul.cards.incidents", { id: "open" })),
    streams.section(), el("section", {}, el("h2", {}, "Drill"), drillForm() || el("p.soft", {}, "Your token may look, not act.")),
    el("section", { "aria-labelledby": "past-h" }, el("h2", { id: "past-h" }, "Past incidents"), el("div", { id: "past" })));
  showIncidents();
  streams.update([...state.streams.values()], surges(), true);
}

function showIncidents() {
  const place = document.getElementById("open");
  if (!place) return;
  const open = state.incidents.filter(incident.isOpen);
  place.replaceChildren(...(open.length ? open.map(incident.cardOf)
    : [el("li.card", {}, "Nothing is burning. Streams that begin to surge open an incident here by themselves.")]));
  document.getElementById("past").replaceChildren(incident.history(state.incidents));
  tick();
}

// --- the page of one incident: built anew when it changed, but never under a hand that writes
let waiting = false;
async function showOne(id, given) {
  const writing = main.contains(document.activeElement) && /INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName) &&
    document.activeElement.type !== "checkbox";
  if (writing && !given) { waiting = true; return; }
  waiting = false;
  try {
    const found = given || await api.incident(id);
    charts.forget();
    main.replaceChildren(incident.page(found, may(), (i) => { showOne(id, i); refresh(); }));
    tick();
  } catch (error) {
    main.replaceChildren(el("p", { role: "alert" }, error.message), el("p", {}, el("a", { href: "/" }, "← all incidents")));
  }
}
main.addEventListener("focusout", () => setTimeout(() => { if (waiting && here()) showOne(here()); }, 300));

let asking = 0;
async function refresh() {
  clearTimeout(asking);
  asking = setTimeout(async () => {
    try {
      [state.incidents, state.status] = await Promise.all([api.incidents(), api.status()]);
      if (state.status.now) state.skew = Date.parse(state.status.now) - Date.now();
      showIncidents();
      tell();
    } catch { /* the line's own alarm says it */ }
  }, 100);
}

async function start() {
  const [list, status, incidents] = await Promise.all([api.streams(), api.status(), api.incidents()]);
  for (const s of list) state.streams.set(s.name, s);
  state.status = status;
  state.incidents = incidents;
  if (status.now) state.skew = Date.parse(status.now) - Date.now();
  document.getElementById("leave").hidden = !(status.you && status.you.session);
  if (here()) await showOne(here()); else overview();
  tell();
  tick();
  setInterval(tick, 1000);
  setInterval(refresh, 60000);
  api.follow({
    alive: (is) => { if (is && !state.alive) refresh(); state.alive = is; tell(); },
    moved: (changed) => {
      for (const s of changed) state.streams.set(s.name, s);
      streams.update(changed, surges(), false);
      tell();
    },
    hear: (event) => {
      if (state.known.has(event.id)) return;
      state.known.add(event.id);
      if (state.known.size > 5000) state.known.clear();
      if (event.event === "incident.opened" && !here()) summary.textContent = `New incident: ${event.incident}`;
      refresh();
      if (here() && event.incident === here()) showOne(here());
    },
  });
}

start().catch((error) => {
  main.replaceChildren(el("p", { role: "alert" }, `surged does not answer: ${error.message}. Trying again in 5 s.`));
  setTimeout(() => location.reload(), 5000);
});
