// One incident: as a card on the first page, and as a page of its own.
import * as act from "./act.js";
import * as api from "./api.js";
import * as charts from "./charts.js";
import { el, number, outside, platform, put, rebuild, share, span, time, utc } from "./dom.js";
import { clockName, clockStands, isDone, sentence } from "./words.js";

const kPeople = 10;
const kTimeline = 100;  // entries before somebody asks for the rest
const kHistory = 25;    // closed incidents, likewise

export const isOpen = (i) => i.state !== "closed";

// Clocks know when they began: `respond` and `resolve` from the onset or the opening, whichever the
// policy says; what is shown is the share of the time between that and the due time.
function began(incident, clock) {
  const from = clock.kind === "acknowledge" ? incident.opened : incident.onset || incident.opened;
  return Date.parse(from);
}

// What is due next first, what is done last.
function byUrgency(a, b) {
  return isDone(a) - isDone(b) || Date.parse(a.due) - Date.parse(b.due);
}
export const nextDue = (incident) => Math.min(...incident.clocks.filter((c) => !isDone(c)).map((c) => Date.parse(c.due)), Infinity);
export const overdue = (incident, now) => incident.clocks.filter((c) => !isDone(c) && Date.parse(c.due) <= now).length;

export function clockList(incident) {
  const list = el("ul.clocks", { "aria-label": "Deadlines" });
  for (const clock of [...incident.clocks].sort(byUrgency)) {
    const left = el("span.left");
    const words = el("span.soft");
    const meter = el("meter", { min: 0, max: 1, low: 0.5, high: 0.8, optimum: 0, value: 0, "aria-label": "share of the time used" });
    const item = el("li", {}, el("span.what", {}, `${clockName(clock.kind)} on ${platform(clock.platform)}`,
      clock.run > 1 ? ` (${clock.run})` : ""), left, words, clock.link ? outside(clock.link, "the answer") : null, meter);
    item.tick = (now) => {
      const stands = clockStands(clock, began(incident, clock), now);
      if (item.className !== stands.level) item.className = stands.level;
      put(left, stands.left);
      put(words, stands.level === "done" ? `${stands.word}${clock.by ? ` by ${clock.by}` : ""}`
        : `${stands.word}, due ${utc(clock.due, now)}`);
      meter.hidden = stands.level === "done";
      meter.value = stands.share;
    };
    list.append(item);
  }
  return incident.clocks.length ? list : el("p.soft", {}, "No deadline runs.");
}

function what(incident) {
  return el("ul.plain", {}, incident.streams.map((s) => el("li", {},
    el("strong", {}, platform(s.platform)), s.ratio ? `: ${number(s.ratio)} times the usual, ` : ": ",
    `${number(s.observed)} mentions against ${number(s.expected)} expected`,
    s.state === "calm" ? ", over by now" : "", el("span.soft", {}, ` (${s.name})`))));
}

const kKinds = { organic: "Many people speaking", amplified: "Few posts, repeated by many", flood: "A flood from few or new accounts" };

function who(incident) {
  const c = incident.composition;
  if (!c) return null;
  const facts = [
    c.authors !== undefined ? ["Authors", number(c.authors) + (c.top_author !== undefined ? `, the loudest wrote ${share(c.top_author)}` : "")] : null,
    ["Reposts", share(c.reposts)], ["Copies", share(c.copies)], ["New accounts", share(c.new_accounts)],
    c.languages && c.languages.length ? ["Languages", c.languages.map((l) => `${l.lang} ${share(l.share)}`).join(", ")] : null,
    c.doubling ? ["Doubles every", c.doubling + (c.doubling_error ? ` (± ${c.doubling_error})` : "")] : null,
    c.terms && c.terms.length ? ["New words", el("ul.terms", {}, c.terms.map((t) => el("li", {}, el("bdi", {}, t.term),
      el("span.soft", {}, ` ${share(t.share)}`))))] : null,
  ].filter(Boolean);
  return [el("h3", {}, "Who speaks"), c.kind ? el("p", {}, el("strong", {}, kKinds[c.kind] || c.kind), ` (${c.kind})`) : null,
    el("dl", {}, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]))];
}

function head(incident, level) {
  return [el(level, { id: level === "h2" ? "incident-h" : null }, incident.drill ? el("span.tag.drill", {}, "DRILL") : null, incident.drill ? " " : null,
    level === "h2" ? incident.brand : el("a", { href: `/incidents/${encodeURIComponent(incident.id)}`, "data-key": `card ${incident.id}` }, incident.brand),
    " ", el("span.state.tag." + incident.severity, {}, incident.severity), " ", el("span.tag", {}, incident.state)),
  el("p", {}, isOpen(incident) ? el("strong" + (incident.owner ? "" : ".nobody"), {}, incident.owner ? `${incident.owner} has it.` : "Nobody has it yet.")
    : el("strong", {}, `Closed${incident.verdict ? `, verdict: ${incident.verdict}` : ""}.`),
  el("span.soft", {}, " The public noticed ", incident.onset ? time(incident.onset) : "–", ", opened ", time(incident.opened),
    incident.closed ? [", closed ", time(incident.closed)] : null, `, ${incident.id}`))];
}

function hush(incident, silences) {
  return silences.filter((s) => s.brand === incident.brand && (!s.stream || incident.streams.some((i) => i.name === s.stream)))
    .map((s) => el("p.hush", {}, `Pages${s.stream ? ` about ${s.stream}` : ""} are silenced until ${utc(s.until)} by ${s.by}: ${s.why}`));
}

export function cardOf(incident, may, silences, after) {
  const late = incident.clocks.some((c) => c.state === "breached");
  return el("li.card." + (late || incident.severity === "critical" ? "bad" : "watch"), { "data-incident": incident.id },
    head(incident, "h3"), hush(incident, silences), what(incident), clockList(incident),
    may ? act.quick(incident, after) : null);
}

// --- the page of one incident
function post(p, before, after) {
  const reach = p.reach !== undefined ? `reach ${number(p.reach)}` : p.followers !== undefined ? `${number(p.followers)} followers` : "";
  const facts = [p.platform ? platform(p.platform) : "", reach, p.echoes ? `${number(p.echoes)} echoes` : "", p.lang || ""].filter(Boolean);
  return el("li", {}, before, p.author ? [el("strong", {}, el("bdi", {}, p.author)), " "] : null,
    el("span.soft", {}, facts.join(", ")), " ", p.at ? time(p.at) : null, " ",
    p.url ? outside(p.url, "open the post") : el("span.soft", {}, p.id || ""),
    p.text ? el("blockquote", { dir: "auto", lang: p.lang || null }, p.text) : null,
    p.erased ? el("span.soft", {}, " its text is erased") : null, after ? [" ", after] : null);
}
function posts(list, empty) {
  return list && list.length ? el("ul.plain.posts", {}, list) : el("p.soft", {}, empty);
}

// Questions under our own posts that nobody of ours answered: as listed, and as they opened it.
function waiting(incident) {
  const known = (incident.unanswered || []).map((p) => post(p));
  const surging = new Set(incident.streams.filter((s) => s.state === "surge").map((s) => s.name));
  const listed = new Set((incident.unanswered || []).map((p) => p.id));
  for (const e of incident.timeline || [])
    if (e.kind === "unanswered" && e.event.startsWith("surge.") && e.mention && !listed.has(e.mention) && surging.has(e.stream)) {
      listed.add(e.mention);
      known.push(post({ platform: e.platform, id: e.mention, url: e.link, at: e.onset || e.at }, null));
    }
  return known;
}

// Who speaks for us, and who is hit hardest: each with the first thing they wrote in it.
function people(incident) {
  const times = (n, one, many) => (n ? [`${number(n)} ${n === 1 ? one : many}`] : []);
  const spoke = (p) => `spoke well of us on ${number(p.spoke_well_days)} days`;
  const hit = (p) => [...times(p.questions, "question", "questions"), ...times(p.angry, "angry post", "angry posts"),
    ...times(p.echoes, "echo", "echoes")].join(", ");
  const list = (all, facts) => all.slice(0, kPeople).map((p) => post({ ...p, echoes: 0 }, null, el("span.soft", {}, facts(p))));
  const part = (title, all, facts) => (all && all.length ? [el("h3", {}, title), posts(list(all, facts), "")] : null);
  return [part("Advocates who are in it", incident.advocates, spoke), part("Hit hardest", incident.affected, hit)];
}

const kEvidence = { there: "still there", deleted: "DELETED", edited: "EDITED" };
function evidence(incident) {
  const row = (e) =>
    post({ ...e, at: undefined }, [el("strong" + (e.state === "there" ? "" : ".nobody"), {}, kEvidence[e.state] || e.state), e.at ? [" ", time(e.at)] : null, ": ",
      e.whose === "ours" ? "our post " : "a post of theirs "], e.last_seen ? el("span.soft", {}, " last seen ", time(e.last_seen)) : null);
  const all = incident.evidence || [];
  const gone = all.filter((e) => e.state !== "there").sort((a, b) => (a.state < b.state ? -1 : 1));
  const there = all.filter((e) => e.state === "there");
  return [posts(gone.map(row), all.length ? "None was deleted or edited." : "None is watched yet."),
    there.length ? el("details", { "data-key": "evidence" }, el("summary", { "data-key": "evidence s" }, `${there.length} still there`), posts(there.map(row))) : null];
}

function timeline(incident) {
  const all = [...(incident.timeline || [])].reverse();
  const rows = (list) => list.map((e) => el("li", {}, time(e.at),
    el("span", {}, sentence(e), e.link ? [" ", outside(e.link, "link")] : null, e.late ? " (found late)" : null)));
  const list = el("ol.timeline", {}, rows(all.slice(0, kTimeline)));
  const more = all.length > kTimeline && el("button", { type: "button", onclick: (e) => {
    list.append(...rows(all.slice(kTimeline))); e.target.remove();
  } }, `Show the ${all.length - kTimeline} earlier entries`);
  return el("section", { "aria-labelledby": "happened-h" }, el("h2", { id: "happened-h" }, "What happened, the newest first"), list, more);
}

function reports(incident) {
  const line = el("p", {});
  api.reports().then((offered) => { if (offered) line.append("Report: ", ...["html", "md", "json"].flatMap((f) =>
    [el("a", { href: api.report(incident.id, f) }, f), " "])); });
  return line;
}

function curve(incident) {
  const chart = el("div.chart.big");
  const first = incident.streams[0];
  if (!first || !charts.available()) return null;
  const onset = Date.parse(first.onset || incident.opened);
  const from = Math.max(onset - 2 * 3600000, Date.now() - 5 * 86400000);
  api.series(first.name, new Date(from)).then((data) => {
    charts.draw(chart, data, true, () => onset / 1000);
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", `Mentions of ${first.name} a minute since two hours before the onset; the numbers are above`);
  }).catch(() => chart.remove());
  return [chart, el("p.soft", {}, `${first.name}, mentions a minute. Band: what its history explains. Shaded: since the onset.`)];
}

// `may`: the reader may act; `done(incident)`: something changed.
export function page(incident, may, silences, done) {
  const plan = (incident.timeline || []).map((e) => e.plan_url).find(Boolean);
  const own = (incident.own_posts || []).map((p) => post(p, [el("strong", {}, p.answers ? "answers the public" : "does this answer the public?"), " "],
    may && !p.answers && isOpen(incident) ? act.answers(incident, p, done) : null));
  const origin = (incident.origin || []).map((o) => el("li", {}, `${platform(o.platform)}: `, o.url ? outside(o.url, "our post") : o.id));
  return el("article", { "aria-labelledby": "incident-h" },
    el("p", {}, el("a", { href: "/", "data-key": "back" }, "← all incidents")), head(incident, "h2"), hush(incident, silences),
    el("div.split", {},
      el("section.card", { "aria-label": "What to do" }, el("h3", {}, "What is due"), clockList(incident),
        plan ? el("p", {}, outside(plan, "The plan for this")) : null,
        may ? act.form(incident, done) : el("p.soft", {}, "Your token may look, not act."), act.checklist(incident, may, done)),
      el("section.card", { "aria-label": "What it is" }, el("h3", {}, "What burns"), what(incident),
        origin.length ? [el("h3", {}, "It began from"), el("ul.plain", {}, origin)] : null, curve(incident), who(incident), reports(incident))),
    el("div.split", {},
      el("section.card", { "aria-label": "Most visible posts" }, el("h3", {}, "Most visible posts"), posts((incident.visible || []).map((p) => post(p)), "None is known.")),
      el("section.card", { "aria-label": "Our side" }, el("h3", {}, "Waiting for our answer"), posts(waiting(incident), "Nobody that we know of."), people(incident),
        el("h3", {}, "Our own posts since"), posts(own, "None seen yet."),
        el("h3", {}, "Posts that are watched"), evidence(incident))),
    timeline(incident));
}

// A page that is looked at is changed under the eyes, not under the hand.
export function show(place, incident, may, silences, done) {
  rebuild(place, () => { charts.forget(place); place.replaceChildren(page(incident, may, silences, done)); });
}

export function history(list) {
  const closed = list.filter((i) => !isOpen(i));
  if (!closed.length) return el("p.soft", {}, "No incident was closed yet.");
  const row = (i) => el("tr", {},
    el("td", {}, el("a", { href: `/incidents/${encodeURIComponent(i.id)}` }, i.id), i.drill ? " (drill)" : ""), el("td", {}, i.severity),
    el("td", {}, time(i.opened)), el("td", {}, i.closed ? span((Date.parse(i.closed) - Date.parse(i.opened)) / 1000) : "–"),
    el("td", {}, i.verdict || "–"));
  const body = el("tbody", {}, closed.slice(0, kHistory).map(row));
  const more = closed.length > kHistory && el("button", { type: "button", onclick: (e) => {
    body.append(...closed.slice(kHistory).map(row)); e.target.remove();
  } }, `Show all ${closed.length}`);
  return [el("div.scroll", { tabindex: "0", role: "region", "aria-label": "Past incidents" }, el("table", {}, el("thead", {}, el("tr", {},
    ["Incident", "Severity", "Opened", "Lasted", "Verdict"].map((t) => el("th", { scope: "col" }, t)))), body)), more];
}
