// One incident: as a card on the first page, and as a page of its own.
import * as api from "./api.js";
import * as charts from "./charts.js";
import { el, number, outside, platform, share, span, time, utc } from "./dom.js";
import { clockName, clockStands, sentence } from "./words.js";

const open = (i) => i.state !== "closed";

// Clocks know when they began: `respond` and `resolve` from the onset or the opening, whichever the
// policy says; what is shown is the share of the time between that and the due time.
function began(incident, clock) {
  const from = clock.kind === "acknowledge" ? incident.opened : incident.onset || incident.opened;
  return Date.parse(from);
}

export function clockList(incident) {
  const list = el("ul.clocks", { "aria-label": "Deadlines" });
  for (const clock of incident.clocks) {
    const left = el("span.left");
    const words = el("span.soft");
    const meter = el("meter", { min: 0, max: 1, value: 0, "aria-label": "share of the time used" });
    const item = el("li", {}, el("span", {}, `${clockName(clock.kind)} on ${platform(clock.platform)}`,
      clock.run > 1 ? ` (${clock.run})` : ""), left, words, meter);
    item.tick = (now) => {
      const stands = clockStands(clock, began(incident, clock), now);
      item.className = stands.level;
      left.textContent = stands.left;
      words.textContent = stands.level === "done"
        ? `${stands.word}${clock.by ? ` by ${clock.by}` : ""}`
        : `${stands.word}, due ${utc(clock.due, now)}`;
      meter.hidden = stands.level === "done";
      meter.value = stands.share;
    };
    list.append(item);
  }
  return list;
}

function what(incident) {
  const parts = incident.streams.map((s) => {
    const ratio = s.ratio ? ` (${number(s.ratio)} times the usual)` : "";
    return `${platform(s.platform)}: ${number(s.observed)} mentions against ${number(s.expected)} expected${ratio}`;
  });
  return el("ul.plain", {}, parts.map((p) => el("li", {}, p)));
}

function who(incident) {
  const c = incident.composition;
  if (!c) return null;
  const kinds = { organic: "many people speaking", amplified: "few posts, repeated by many", flood: "a flood of few or new accounts" };
  return el("p", {}, `${kinds[c.kind] || c.kind}: ${number(c.authors)} authors, ${share(c.reposts)} reposts, ` +
    `${share(c.copies)} copies, ${share(c.new_accounts)} new accounts, the loudest wrote ${share(c.top_author)}`);
}

function head(incident, level) {
  const kind = incident.drill ? "DRILL: " : "";
  return [el(level, {}, el("a", { href: `/incidents/${encodeURIComponent(incident.id)}` }, `${kind}${incident.brand}`),
    " ", el("span.state.tag." + incident.severity, {}, incident.severity), " ",
    el("span.tag", {}, incident.state)),
    el("p.soft", {}, incident.id, ", the public noticed ", incident.onset ? time(incident.onset) : "–",
      ", opened ", time(incident.opened), incident.owner ? `, ${incident.owner} has it` : ", nobody has it yet")];
}

// One button's way: a word goes out, what was said back is shown; nothing else moves.
function action(incident, done) {
  const by = el("input", { name: "by", required: true, autocomplete: "name", maxlength: "80", value: localStorage.getItem("by") || "" });
  const note = el("input", { name: "note", maxlength: "2000" });
  const link = el("input", { name: "link", type: "url", placeholder: "https://…" });
  const verdict = el("select", { name: "verdict" }, ["", "real", "false", "expected"].map((v) =>
    el("option", { value: v }, v || "no verdict")));
  const said = el("p", { role: "status" });
  const form = el("form.act", { onsubmit: (e) => e.preventDefault() },
    el("label", {}, "Your name", by), el("label", {}, "Note", note),
    el("label", {}, "Link to our public answer", link), el("label", {}, "Verdict when closing", verdict));
  const buttons = el("div.buttons");
  const add = (name, label, main) => buttons.append(el("button" + (main ? ".main" : ""), {
    type: "button", onclick: async (e) => {
      if (!by.reportValidity() || !link.reportValidity()) return;
      localStorage.setItem("by", by.value);
      e.target.disabled = true;
      said.textContent = "";
      try {
        const body = { by: by.value };
        for (const field of [note, link]) if (field.value) body[field.name] = field.value;
        if (name === "close" && verdict.value) body.verdict = verdict.value;
        done(await api.act(incident.id, name, body));
      } catch (error) { said.textContent = `Refused: ${error.message}`; }
      e.target.disabled = false;
    },
  }, label));
  if (open(incident)) {
    add("acknowledge", "Acknowledge: I have it", incident.state === "open");
    add("respond", "We answered in public", incident.state === "acknowledged");
    add("resolve", "Resolve");
    add("close", "Close");
  } else {
    add("reopen", "Reopen");
  }
  add("note", "Add note");
  form.append(buttons, said);
  return form;
}

export function cardOf(incident) {
  return el("li.card." + (incident.clocks.some((c) => c.state === "breached") ? "bad" : "watch"),
    { "data-incident": incident.id }, head(incident, "h3"), what(incident), clockList(incident));
}

function posts(list, empty) {
  if (!list || !list.length) return el("p.soft", {}, empty);
  return el("ul.plain", {}, list.map((p) => el("li", {},
    el("strong", {}, p.author || p.handle || p.by || ""), p.reach ? el("span.soft", {}, ` reaches ${number(p.reach)}`) : null,
    " ", p.at || p.created_at ? time(p.at || p.created_at) : null, " ", p.url ? outside(p.url, "open") : el("span.soft", {}, p.id || ""),
    p.text ? el("blockquote", {}, p.text) : null)));
}

function checklist(incident, may, done) {
  if (!incident.checklist.length) return null;
  const said = el("p", { role: "status" });
  const list = el("ul.plain", {}, incident.checklist.map((c, n) => el("li", {}, el("label", {},
    el("input", { type: "checkbox", checked: Boolean(c.by), disabled: !may, onchange: async (e) => {
      const name = localStorage.getItem("by") || "console";
      try { done(await api.act(incident.id, "check", { by: name, item: String(n + 1), done: e.target.checked })); }
      catch (error) { e.target.checked = !e.target.checked; said.textContent = `Refused: ${error.message}`; }
    } }), " ", c.item), c.by ? el("span.soft", {}, ` ${c.by}, ${utc(c.at)}`) : null)));
  return [el("h3", {}, "Checklist"), list, said];
}

function timeline(incident) {
  const items = [...(incident.timeline || [])].reverse().map((e) => el("li", {}, time(e.at),
    el("span", {}, sentence(e), e.link ? [" ", outside(e.link, "link")] : null, e.late ? " (found late)" : null)));
  return el("section", {}, el("h2", {}, "What happened"), el("ol.timeline", {}, items));
}

// The page of one incident. `may`: the reader may act; `done(incident)`: something changed.
export function page(incident, may, done) {
  const chart = el("div.chart.big");
  const own = (incident.own_posts || []).map((p) => ({ ...p, author: p.answers ? "answers the public" : "ours: does it answer?" }));
  const plan = (incident.timeline || []).map((e) => e.plan_url).find(Boolean);
  const main = el("article", { "aria-label": `Incident ${incident.id}` },
    el("p", {}, el("a", { href: "/" }, "← all incidents")), head(incident, "h2"),
    el("div.split", {},
      el("section.card", {}, el("h3", {}, "Deadlines"), clockList(incident),
        may ? action(incident, done) : el("p.soft", {}, "Your token may look, not act."), checklist(incident, may, done)),
      el("section.card", {}, el("h3", {}, "What"), what(incident), who(incident), chart,
        plan ? el("p", {}, outside(plan, "The plan for this")) : null,
        el("p", {}, "Report: ", ["html", "md", "json"].map((f) => [el("a", { href: api.report(incident.id, f) }, f), " "])))),
    el("div.split", {},
      el("section.card", {}, el("h3", {}, "Most visible posts"), posts(incident.visible, "none is known")),
      el("section.card", {}, el("h3", {}, "Waiting for our answer"), posts(incident.unanswered, "nobody that we know of"),
        el("h3", {}, "Our own posts since"), posts(own, "none seen yet"))),
    timeline(incident));
  const first = incident.streams[0];
  if (first && charts.available()) {
    const onset = Date.parse(first.onset || incident.opened);
    api.series(first.name, new Date(onset - 2 * 3600000))
      .then((data) => { charts.draw(chart, data, true, () => onset / 1000);
        chart.setAttribute("role", "img");
        chart.setAttribute("aria-label", `Mentions of ${first.name} since two hours before the onset`); })
      .catch(() => chart.remove());
  } else {
    chart.remove();
  }
  return main;
}

export function history(list) {
  const closed = list.filter((i) => !open(i));
  if (!closed.length) return el("p.soft", {}, "No incident was closed yet.");
  return el("div.scroll", {}, el("table", {}, el("thead", {}, el("tr", {}, ["Incident", "Severity", "Opened", "Lasted", "Verdict", "Report"]
    .map((t) => el("th", { scope: "col" }, t)))), el("tbody", {}, closed.map((i) => el("tr", {},
    el("td", {}, el("a", { href: `/incidents/${encodeURIComponent(i.id)}` }, i.id), i.drill ? " (drill)" : ""), el("td", {}, i.severity),
    el("td", {}, time(i.opened)), el("td", {}, i.closed ? span((Date.parse(i.closed) - Date.parse(i.opened)) / 1000) : "–"),
    el("td", {}, i.verdict || "–"), el("td", {}, el("a", { href: api.report(i.id, "html") }, "report")))))));
}
export const isOpen = open;
