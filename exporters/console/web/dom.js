// Building the page. Whatever comes from outside becomes text, never markup: there is no innerHTML
// in this program.

// el("p.soft", {title: "x"}, "text", child, [children], null)
export function el(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

// A link to what somebody posted: only to the web, and telling nobody where we come from.
export function outside(url, text) {
  let parsed = null;
  try { parsed = new URL(url); } catch { /* no link then */ }
  if (!parsed || !["https:", "http:"].includes(parsed.protocol)) return el("span", {}, text || url || "");
  return el("a", { href: parsed.href, rel: "noopener noreferrer nofollow", target: "_blank" }, text || url);
}

export function number(value) {
  if (value === undefined || value === null) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 2;
  return Number(value).toLocaleString("en", { maximumFractionDigits: digits });
}

export function share(value) {
  return `${Math.round(value * 100)} %`;
}

// "2 h 05 min", "54 min", "40 s"
export function span(seconds) {
  const s = Math.abs(Math.round(seconds));
  if (s < 90) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

// "13:01 UTC", with the day when it is not today's.
export function utc(text, now = Date.now()) {
  if (!text) return "–";
  const t = new Date(text);
  const clock = t.toISOString().slice(11, 16) + " UTC";
  const day = t.toISOString().slice(0, 10);
  return day === new Date(now).toISOString().slice(0, 10) ? clock : `${day} ${clock}`;
}
export function time(text) {
  return el("time", { datetime: text }, utc(text));
}

const kPlatforms = { x: "X", facebook: "Facebook", instagram: "Instagram", mastodon: "Mastodon",
  bluesky: "Bluesky", reddit: "Reddit", youtube: "YouTube", hackernews: "Hacker News", feed: "a feed",
  json: "JSON" };
export function platform(name) {
  return kPlatforms[name] || name;
}
