// Silences, drills and receivers: who is paged, and whether it works.
import * as act from "./act.js";
import * as api from "./api.js";
import { el, platform, rebuild, utc } from "./dom.js";

const field = (label, input) => el("label", {}, label, input);
const kSpan = "\\d+(ms|s|m|h|d|w)";
const spanField = (key, value) => el("input", { "data-key": key, name: "for", type: "text", required: true, value, pattern: kSpan,
  title: "a number and a unit, such as 10m or 2h" });
const choice = (key, name, names, first) => el("select", { "data-key": key, name },
  first ? el("option", { value: "" }, first) : null, names.map((n) => el("option", { value: n }, n)));

function submit(send, done, after) {
  return (e) => {
    e.preventDefault();
    const form = e.target;
    const data = Object.fromEntries(new FormData(form));
    if (!act.remember(form.elements.by)) return;
    for (const key of Object.keys(data)) if (data[key] === "") delete data[key];
    act.press(form.querySelector("button"), () => send(data), done, () => {
      form.reset();
      form.elements.by.value = act.myName();
      form.parentElement.open = false;
      after();
    });
  };
}

function silences(state, may, after) {
  const rows = state.silences.map((s) => el("li", {}, el("strong", {}, s.stream ? `${s.brand}, ${s.stream}` : s.brand),
    ` until ${utc(s.until)}, by ${s.by}: ${s.why}. `, el("span.soft", {}, s.breaches ? "Overdue deadlines are held, too. " : "Overdue deadlines page all the same. ",
      `${s.held || 0} held so far. `),
    may ? el("button", { type: "button", "data-key": `end ${s.id}`, "aria-label": `End the silence of ${s.stream || s.brand} now`,
      onclick: (e) => act.press(e.target, () => api.endSilence(s.id), "The silence is over: what was held is told now.", after) }, "End it now") : null));
  const streams = [...state.streams.values()];
  const brands = [...new Set(streams.map((s) => s.brand))].sort();
  return el("section.card", { "aria-labelledby": "silences-h" }, el("h2", { id: "silences-h" }, "Silences"),
    rows.length ? el("ul.plain", {}, rows) : el("p.soft", {}, "None: whoever should be paged is paged."),
    may ? el("details", { "data-key": "new silence" }, el("summary", { "data-key": "new silence s" }, "Hold the pages of a brand for a while"),
      el("form.act", { onsubmit: submit((d) => api.silence({ ...d, breaches: d.breaches === "on" }), "Pages are held.", after) },
        field("Brand", choice("s-brand", "brand", brands)), field("Stream", choice("s-stream", "stream", streams.map((s) => s.name).sort(), "all of them")),
        field("For how long", spanField("s-for", "2h")), field("Why", el("input", { "data-key": "s-why", name: "why", type: "text", required: true, maxlength: "500" })),
        field("Your name", act.nameField("s-by")),
        el("label.check", {}, el("input", { type: "checkbox", name: "breaches" }), el("span", {}, "Hold overdue deadlines, too")),
        el("div.buttons", {}, el("button", {}, "Hold the pages")))) : null);
}

function drills(state, may, after) {
  const rows = state.drills.map((d) => el("li", {}, el("a", { href: `/incidents/${encodeURIComponent(d.incident)}` }, d.incident),
    ` on ${platform(d.platform)} (${d.stream}), ${d.ratio} times the usual, until ${utc(d.until)}${d.by ? `, by ${d.by}` : ""}`));
  return el("section.card", { "aria-labelledby": "drills-h" }, el("h2", { id: "drills-h" }, "Drills"),
    rows.length ? el("ul.plain", {}, rows) : el("p.soft", {}, "None is under way."),
    may ? el("details", { "data-key": "new drill" }, el("summary", { "data-key": "new drill s" }, "Rehearse: start a drill"),
      el("form.act", { onsubmit: submit((d) => api.drill({ ...d, ratio: Number(d.ratio) }), "The drill began: real pages go out, marked as a drill.", after) },
        field("Stream", choice("d-stream", "stream", [...state.streams.keys()].sort())),
        field("Times the usual", el("input", { "data-key": "d-ratio", name: "ratio", type: "number", min: "2", max: "1000", value: "8", required: true })),
        field("For how long", spanField("d-for", "10m")), field("Your name", act.nameField("d-by")),
        el("div.buttons", {}, el("button", {}, "Start the drill")))) : null);
}

function receivers(state, may) {
  const list = (state.status && state.status.receivers) || [];
  const rows = list.map((r) => el("li", {}, el("strong", {}, r.name), ` (${r.type}): `,
    el("span.state." + (r.failing ? "blind" : "calm"), {}, r.failing ? "FAILS, pages do not arrive" : "works"), r.waiting ? `, ${r.waiting} waiting` : "", " ",
    may ? el("button", { type: "button", "data-key": `test ${r.name}`, "aria-label": `Send a test page to ${r.name}`,
      onclick: (e) => act.press(e.target, () => api.testReceiver(r.name), `A test page is on its way to ${r.name}.`) }, "Send a test page") : null));
  return el("section.card", { "aria-labelledby": "receivers-h" }, el("h2", { id: "receivers-h" }, "Receivers"),
    rows.length ? el("ul.plain", {}, rows) : el("p.soft", {}, "None is configured: nobody is paged."));
}

export const section = () => el("div.split", { id: "quiet" });

let drawn = "";
export function update(state, may, after) {
  const place = document.getElementById("quiet");
  if (!place) return;
  const key = JSON.stringify([state.silences, state.drills, state.status && state.status.receivers, [...state.streams.keys()], may]);
  if (key === drawn && place.children.length) return;
  drawn = key;
  rebuild(place, () => place.replaceChildren(silences(state, may, after), drills(state, may, after), receivers(state, may)));
}
