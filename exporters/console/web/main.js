// The page: what is open first, then the streams, then what is over. It asks once, then follows.
import * as act from "./act.js";
import * as api from "./api.js";
import * as charts from "./charts.js";
import { el, put, rebuild, utc } from "./dom.js";
import * as incident from "./incident.js";
import * as quiet from "./quiet.js";
import * as streams from "./streams.js";

const kNamed = 5;          // blind streams that the alarm names
const kRefresh = 60000;    // ms: whatever happened, what is shown is no older
const main = document.getElementById("main");
const summary = document.getElementById("summary");
const alarm = document.getElementById("alarm");
const state = { incidents: [], streams: new Map(), silences: [], drills: [], status: null, line: true, answers: true, known: new Set() };
const here = () => { const m = location.pathname.match(/^\/incidents\/([^/]+)/); return m ? decodeURIComponent(m[1]) : ""; };
const may = () => Boolean(state.status && state.status.you && state.status.you.role === "operator");

// The daemon's clock is the one that counts; a demo's may run faster than ours.
const clock = { server: Date.now(), local: Date.now(), rate: 1 };
const now = () => clock.server + (Date.now() - clock.local) * clock.rate;
function set(text) {
  const server = Date.parse(text);
  const local = Date.now();
  if (!server) return;
  if (local - clock.local > 2000 && clock.set) {
    const rate = (server - clock.server) / (local - clock.local);
    clock.rate = rate > 1.5 && rate < 10000 ? rate : 1;
  }
  Object.assign(clock, { server, local, set: true });
}

function surges() {
  const out = new Map();
  for (const i of state.incidents)
    if (incident.isOpen(i)) for (const s of i.streams) if (s.state === "surge" && s.onset) out.set(s.name, Date.parse(s.onset) / 1000);
  return out;
}

const count = (n, one, many) => (n ? `${n} ${n === 1 ? one : many}` : "");
function tell() {
  const open = state.incidents.filter((i) => incident.isOpen(i) && !i.drill);
  const drills = state.incidents.filter((i) => incident.isOpen(i) && i.drill);
  const late = open.reduce((n, i) => n + incident.overdue(i, now()), 0);
  const all = [...state.streams.values()];
  const blind = all.filter((s) => s.state === "blind");
  const failing = ((state.status && state.status.receivers) || []).filter((r) => r.failing);
  put(summary, [count(open.length, "open incident", "open incidents") || "No open incident", count(late, "deadline overdue", "deadlines overdue"),
    count(drills.length, "drill", "drills"), count(all.length, "stream", "streams"), count(blind.length, "blind", "blind"),
    count(state.silences.length, "silence", "silences")].filter(Boolean).join(", ") + ".");
  document.title = (late ? "OVERDUE " : "") + (open.length ? `(${open.length}) ` : "") + "surged";
  const trouble = [
    state.line && state.answers ? "" : "The line to surged is cut: what you see may be old. It reconnects by itself.",
    blind.length ? `Blind: ${blind.slice(0, kNamed).map((s) => `${s.name} (${s.reason || "nothing comes"}${s.covered_until ? `, known until ${utc(s.covered_until, now())}` : ""})`).join("; ")}` +
      `${blind.length > kNamed ? ` and ${blind.length - kNamed} more` : ""}. What happens there is not seen.` : "",
    failing.length ? `Pages do not reach: ${failing.map((r) => `${r.name}${r.waiting ? ` (${r.waiting} waiting)` : ""}`).join(", ")}.` : "",
    state.status && state.status.storage !== "ok" ? `The disk takes no writes: ${state.status.storage}.` : "",
  ].filter(Boolean);
  if (alarm.dataset.says !== trouble.join("\n")) {
    alarm.dataset.says = trouble.join("\n");
    alarm.replaceChildren(...trouble.map((t) => el("p", {}, t)));
  }
}

function tick() {
  const t = now();
  put(document.getElementById("clock"), new Date(t).toISOString().slice(11, 19) + " UTC");
  for (const item of document.querySelectorAll("ul.clocks > li")) item.tick(t);
}

// --- the first page
const kParts = [["open-h", "Incidents"], ["streams-h", "Streams"], ["silences-h", "Silences"], ["drills-h", "Drills"], ["receivers-h", "Receivers"], ["past-h", "Past"]];
function overview() {
  charts.forget(main);
  main.replaceChildren(
    el("nav", { "aria-label": "On this page" }, kParts.map(([id, name]) => el("a", { href: `#${id}` }, name))),
    el("section", { "aria-labelledby": "open-h" }, el("h2", { id: "open-h" }, "Open incidents"), el("ul.cards.incidents", { id: "open" })),
    streams.section(), quiet.section(),
    el("section", { "aria-labelledby": "past-h" }, el("h2", { id: "past-h" }, "Past incidents"), el("div", { id: "past" })));
}

// What burns most first: real before rehearsed, nobody's before somebody's, by what is due next.
function byNeed(a, b) {
  return a.drill - b.drill || (incident.nextDue(a) - incident.nextDue(b) || 0) || (a.opened < b.opened ? 1 : -1);
}

const nothing = el("li.card", {}, "Nothing is burning. Streams that begin to surge open an incident here by themselves.");
const shown = new Map();  // id -> {json, node}: a card that did not change stays as it is
let past = "";
function showIncidents() {
  const place = document.getElementById("open");
  if (!place) return;
  const open = state.incidents.filter(incident.isOpen).sort(byNeed);
  const cards = open.map((i) => {
    const json = JSON.stringify([i, state.silences, may()]);
    if (!shown.has(i.id) || shown.get(i.id).json !== json)
      shown.set(i.id, { json, node: incident.cardOf(i, may(), state.silences, refresh) });
    return shown.get(i.id).node;
  });
  for (const id of shown.keys()) if (!open.some((i) => i.id === id)) shown.delete(id);
  if (!cards.length) cards.push(nothing);
  if (place.children.length !== cards.length || cards.some((c, i) => place.children[i] !== c))
    rebuild(place, () => place.replaceChildren(...cards));
  const closed = JSON.stringify(state.incidents.filter((i) => !incident.isOpen(i)).map((i) => [i.id, i.closed, i.verdict]));
  if (closed !== past || !document.getElementById("past").children.length) {
    past = closed;
    document.getElementById("past").replaceChildren(...[incident.history(state.incidents)].flat().filter(Boolean));
  }
}

// --- the page of one incident: built anew when it changed, but never under a hand that writes
let waiting = false;
let asked = 0;
async function showOne(id, given) {
  const at = document.activeElement;
  const writing = main.contains(at) && /INPUT|SELECT/.test(at.tagName) && at.type !== "checkbox" && Boolean(at.value) && at.name !== "by";
  if (writing && !given) { waiting = true; return; }
  waiting = false;
  const mine = ++asked;
  try {
    const found = given || await api.incident(id);
    if (mine !== asked) return;
    incident.show(main, found, may(), state.silences, (i) => { showOne(id, i); refresh(); });
    if (mine === 1 && location.hash === "#by") { document.getElementById("by")?.focus(); act.say("Your name, then the button."); }
    tick();
  } catch (error) {
    if (mine !== asked || (error.status !== 404 && main.querySelector("article"))) return;  // the alarm says it
    main.replaceChildren(el("h2", {}, "No such incident"), el("p", {}, error.message), el("p", {}, el("a", { href: "/" }, "← all incidents")));
  }
}
main.addEventListener("focusout", () => setTimeout(() => { if (waiting && here()) showOne(here()); }, 300));

// Asks for everything that is shown: at the start, when the line is back, when something happened.
async function load() {
  try {
    const [list, incidents, silences, drills, status] = await Promise.all([api.streams(), api.incidents(), api.silences(), api.drills(), api.status()]);
    Object.assign(state, { streams: new Map(list.map((s) => [s.name, s])), incidents, silences, drills, status, answers: true });
    set(status.now);
  } catch (error) {
    state.answers = false;
    tell();
    throw error;
  }
  act.iAm(status().name);
  document.getElementById("leave").hidden = !status().session;
  const who = document.getElementById("who");
  who.hidden = !status().name;
  put(who, status().name ? `${status().name} (${status().role})` : "");
}
const status = () => (state.status && state.status.you) || {};

function paint() {
  if (!here()) {
    if (!document.getElementById("open")) overview();
    showIncidents();
    streams.update([...state.streams.values()], surges(), true);
    quiet.update(state, may(), refresh);
  }
  tell();
  tick();
}

let soon = 0;
function refresh() {
  clearTimeout(soon);
  soon = setTimeout(async () => {
    const hushed = JSON.stringify(state.silences);
    try { await load(); } catch { return; /* the alarm says it */ }
    paint();
    if (here() && JSON.stringify(state.silences) !== hushed) showOne(here());
  }, 100);
}

function heard(event) {
  if (event.id && state.known.has(event.id)) return;
  if (state.known.size > 5000) state.known.clear();
  state.known.add(event.id);
  if (event.event === "incident.opened" && event.incident !== here()) act.say(`New incident: ${event.summary || event.incident}`);
  refresh();
  if (here() && event.incident === here()) showOne(here());
}

async function start() {
  await load();
  if (here()) await showOne(here());
  paint();
  setInterval(tick, 1000);
  setInterval(() => { refresh(); if (here()) showOne(here()); }, kRefresh);
  let first = true;
  api.follow({
    alive: (is) => {
      const back = is && !state.line;
      state.line = is;
      if (is) refresh();  // what happened before the line stood
      if (is && here() && (back || !first)) showOne(here());
      if (is) first = false;
      tell();
    },
    moved: (changed) => {
      for (const s of changed) state.streams.set(s.name, s);
      streams.update(changed, surges(), false);
      tell();
    },
    hear: heard,
  });
}

start().catch((error) => {
  main.replaceChildren(el("h2", {}, "surged does not answer"), el("p", { role: "alert" }, `${error.message}. Trying again in 5 s.`));
  setTimeout(() => location.reload(), 5000);
});
