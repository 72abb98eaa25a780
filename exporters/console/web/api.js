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
    location.assign("/");  // the session is over: the daemon shows its sign-in
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

// The journal and the streams as they move. `hear(event)` for each entry, `moved(streams)` for
// each change, `alive(bool)` when the line comes or goes. The browser reconnects by itself and asks
// with Last-Event-ID: nothing is missed.
export function follow({ hear, moved, alive }) {
  const source = new EventSource(api + "events?streams=1");
  source.onopen = () => alive(true);
  source.onerror = () => alive(false);
  source.addEventListener("streams", (e) => moved(JSON.parse(e.data)));
  const names = ["surge.started", "surge.grown", "surge.ended", "incident.opened",
    "incident.stream_joined", "incident.acknowledged", "incident.unacknowledged",
    "incident.responded", "incident.resolved", "incident.reopened", "incident.closed",
    "incident.note", "incident.checked", "incident.own_post", "incident.wrong_account",
    "incident.promotion_paused", "incident.promotion_resumed", "clock.warning", "clock.breached",
    "clock.met", "clock.dropped", "evidence.deleted", "evidence.edited", "stream.blind",
    "stream.restored", "stream.gap", "stream.learning", "stream.new_normal", "budget.low",
    "receiver.failed", "silence.started", "silence.ended", "config.reloaded", "drill.started",
    "drill.ended"];
  for (const name of names) source.addEventListener(name, (e) => hear(JSON.parse(e.data)));
  return source;
}
