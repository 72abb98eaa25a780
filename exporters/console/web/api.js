// What the page asks of the daemon that served it, and of nobody else.

export class Refused extends Error {
  constructor(status, title, detail) {
    super(detail || title || `HTTP ${status}`);
    this.status = status;
  }
}

export async function ask(path, options) {
  const response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
  const type = response.headers.get("content-type") || "";
  if (response.status === 401) {
    location.reload();  // the session is over: the daemon shows its sign-in, and leads back here
    throw new Refused(401, "signed out");
  }
  const body = type.includes("json") ? await response.json() : await response.text();
  if (!response.ok) throw new Refused(response.status, body.title, body.detail);
  return body;
}

export function post(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body) });
}

const api = "/api/v1/";
export const status = () => ask(api + "status");
export const streams = () => ask(api + "streams").then((a) => a.items);
export const incidents = () => ask(api + "incidents").then((a) => a.items);
export const incident = (id) => ask(api + "incidents/" + encodeURIComponent(id));
export const act = (id, action, body) => post(`${api}incidents/${encodeURIComponent(id)}/${action}`, body);
export const drill = (body) => post(api + "drills", body);
export const series = (name, from) => ask(`${api}streams/${encodeURIComponent(name)}/series?from=` +
  encodeURIComponent(from.toISOString()) + "&step=60");
export const report = (id, format) => `${api}incidents/${encodeURIComponent(id)}/report?format=${format}`;
export const explain = (name) => ask(`${api}streams/${encodeURIComponent(name)}/explain`);
export const silences = () => ask(api + "silences?state=active").then((a) => a.items);
export const silence = (body) => post(api + "silences", body);
export const endSilence = (id) => ask(`${api}silences/${encodeURIComponent(id)}`, { method: "DELETE" });
export const drills = () => ask(api + "drills").then((a) => a.items);
export const testReceiver = (name) => post(`${api}receivers/${encodeURIComponent(name)}/test`, {});

// Whether this daemon gives reports: its own description says so.
let described = null;
export function reports() {
  described = described || ask("/openapi.json").then((d) => Object.keys(d.paths).some((p) => p.endsWith("/report")))
    .catch(() => false);
  return described;
}

const kEvents = ["surge.started", "surge.grown", "surge.ended", "incident.opened",
  "incident.stream_joined", "incident.acknowledged", "incident.unacknowledged",
  "incident.responded", "incident.resolved", "incident.reopened", "incident.closed",
  "incident.note", "incident.checked", "incident.own_post", "incident.wrong_account",
  "incident.promotion_paused", "incident.promotion_resumed", "clock.warning", "clock.breached",
  "clock.met", "clock.dropped", "evidence.deleted", "evidence.edited", "stream.blind",
  "stream.restored", "stream.gap", "stream.learning", "stream.new_normal", "budget.low",
  "receiver.failed", "silence.started", "silence.ended", "config.reloaded", "drill.started",
  "drill.ended"];
const kAgain = 10000;       // ms: after an answer that was none (a proxy's 502, too many followers)
const kHiddenFor = 30000;   // ms: a browser has six connections to one host, for all its tabs

// The journal and the streams as they move. `hear(event)` for each entry, `moved(streams)` for
// each change, `alive(bool)` when the line comes or goes; what happened while it was gone has to be
// asked for. A tab that nobody sees gives its connection back.
export function follow({ hear, moved, alive }) {
  let source = null;
  let timer = 0;
  const open = () => {
    clearTimeout(timer);
    if (source) source.close();
    source = new EventSource(api + "events?streams=1");
    source.onopen = () => alive(true);
    source.onerror = () => {
      alive(false);
      if (source && source.readyState === EventSource.CLOSED) timer = setTimeout(open, kAgain);
    };
    source.addEventListener("streams", (e) => moved(JSON.parse(e.data)));
    for (const name of kEvents) source.addEventListener(name, (e) => hear(JSON.parse(e.data)));
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => { if (source) source.close(); source = null; }, kHiddenFor);
    else if (!source || source.readyState === EventSource.CLOSED) open();
  });
  open();
}
