// What happened, in sentences that can be read at three in the morning.
import { number, platform, span, utc } from "./dom.js";

const kClock = { acknowledge: "somebody takes it", respond: "first public answer", resolve: "full public answer" };
export const clockName = (kind) => kClock[kind] || kind;

export const isDone = (clock) => !["running", "breached"].includes(clock.state);

// How a clock stands: {word, left, share, level}; `now` in milliseconds.
export function clockStands(clock, started, now) {
  const due = Date.parse(clock.due);
  const total = due - started;
  const used = total > 0 ? Math.min(1, Math.max(0, (now - started) / total)) : 1;
  if (clock.state === "met") return { word: "met", left: utc(clock.at, now), share: 0, level: "done" };
  if (clock.state === "met_late") return { word: "met late", left: utc(clock.at, now), share: 0, level: "done" };
  if (clock.state === "dropped") return { word: "dropped: the incident closed first", left: "", share: 0, level: "done" };
  if (clock.state === "breached" || now >= due)
    return { word: "OVERDUE", left: `${span((now - due) / 1000)} over`, share: 1, level: "breached" };
  return { word: "running", left: `${span((due - now) / 1000)} left`, share: used,
    level: used >= 0.8 ? "breached" : used >= 0.5 ? "watch" : "calm" };
}

const about = (e) => `${platform(e.platform || "")}${e.stream ? ` (${e.stream})` : ""}`;
function surge(e, verb) {
  if (e.kind === "unanswered") return `A question under a post of ours on ${about(e)} waits for an answer`;
  const expected = e.expected !== undefined ? ` against ${number(e.expected)} expected` : "";
  return `${about(e)} ${verb}: ${number(e.observed)} mentions${e.window ? ` in ${e.window}` : ""}${expected}`;
}
function clockOf(e) {
  const c = e.clock || {};
  return `${clockName(c.kind)} on ${platform(c.platform || "")}`;
}
const by = (e) => (e.by ? ` by ${e.by}${e.via ? ` (${e.via})` : ""}` : "");
const noted = (e) => (e.note ? `: ${e.note}` : "");

const kWords = {
  "surge.started": (e) => surge(e, "began to surge"),
  "surge.grown": (e) => surge(e, "surges stronger"),
  "surge.ended": (e) => `The surge on ${about(e)} ended`,
  "incident.opened": (e) => `Incident opened${e.severity ? `, ${e.severity}` : ""}`,
  "incident.stream_joined": (e) => `${about(e)} joined`,
  "incident.acknowledged": (e) => `Acknowledged${by(e)}${noted(e)}`,
  "incident.unacknowledged": () => "The acknowledgement was taken back: no public answer came in time",
  "incident.responded": (e) => `The public has a first answer everywhere${by(e)}`,
  "incident.resolved": (e) => `Resolved${by(e)}${noted(e)}`,
  "incident.reopened": (e) => `Reopened${e.reason ? ` (${e.reason.replaceAll("_", " ")})` : ""}${by(e)}`,
  "incident.closed": (e) => `Closed${by(e)}${e.verdict ? `, verdict ${e.verdict}` : ""}${e.reason ? ` (${e.reason})` : ""}${noted(e)}`,
  "incident.note": (e) => `Note${by(e)}${noted(e)}`,
  "incident.checked": (e) => `${e.done === false ? "Not done after all" : "Done"}: ${e.item || "an item"}${by(e)}`,
  "incident.own_post": (e) => `Our own post on ${platform(e.platform || "")}: does it answer the public?`,
  "incident.wrong_account": () => "A post went out from the wrong account",
  "incident.promotion_paused": () => "Planned promotion was paused",
  "incident.promotion_resumed": () => "Planned promotion goes on",
  "clock.warning": (e) => `Soon due: ${clockOf(e)}, ${utc((e.clock || {}).due)}`,
  "clock.breached": (e) => `OVERDUE: ${clockOf(e)}, was due ${utc((e.clock || {}).due)}`,
  "clock.met": (e) => `${clockOf(e)}: done${by(e)}`,
  "clock.dropped": (e) => `${clockOf(e)}: dropped`,
  "evidence.deleted": (e) => `Deleted: a post of ${e.whose === "ours" ? "ours" : "theirs"}`,
  "evidence.edited": (e) => `Edited: a post of ${e.whose === "ours" ? "ours" : "theirs"}`,
  "receiver.failed": (e) => `A page could not be delivered${e.reason ? `: ${e.reason}` : ""}`,
  "stream.blind": (e) => `${e.stream} is blind: ${e.reason || "nothing comes"}`,
  "stream.restored": (e) => `${e.stream} is read again`,
  "stream.gap": (e) => `${e.stream} has a gap: ${e.reason || ""}`,
  "stream.learning": (e) => `${e.stream} learns its usual anew${e.reason ? `: ${e.reason}` : ""}`,
  "stream.new_normal": (e) => `${e.stream}: what the surge brought is the usual now`,
  "silence.started": (e) => `Pages are silenced${by(e)}${noted(e)}${e.reason ? ` (${e.reason})` : ""}`,
  "silence.ended": (e) => `A silence ended${by(e)}${noted(e)}`,
  "drill.started": (e) => `A drill began on ${about(e)}${by(e)}`,
  "drill.ended": (e) => `The drill on ${about(e)} ended${by(e)}`,
  "config.reloaded": (e) => `The configuration was read again${by(e)}`,
  "budget.low": (e) => `A reading budget is nearly used up${e.reason ? `: ${e.reason}` : ""}`,
};
export function sentence(event) {
  const words = kWords[event.event];
  return words ? words(event) : event.summary || event.event;
}
