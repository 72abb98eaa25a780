// Building the page. Whatever comes from outside becomes text, never markup: there is no innerHTML
// in this program.

// What turns the text around it backwards, or is no text at all, is shown as a hole.
export function plain(text) {
  return String(text).replace(/[\u202A-\u202E\u2066-\u2069\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, "\uFFFD");
}

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
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : plain(c))));
  return node;
}

// Says it once: a live region that is set to what it says already is read out again.
export function put(node, text) {
  const safe = plain(text);
  if (node && node.textContent !== safe) node.textContent = safe;
}

// Builds a part anew without taking anything from under a hand: what was typed, what was unfolded
// and where the focus stood are there again, by `data-key`.
export function rebuild(root, change) {
  const keyed = () => [...root.querySelectorAll("[data-key]")];
  const kept = new Map();
  for (const node of keyed()) {
    if ("value" in node && node.type !== "checkbox" && node.tagName !== "BUTTON") kept.set(node.dataset.key, { value: node.value });
    else if (node.tagName === "DETAILS") kept.set(node.dataset.key, { open: node.open });
  }
  const active = root.contains(document.activeElement) ? document.activeElement : null;
  const key = active && active.dataset.key;
  const caret = active && active.type === "text" ? [active.selectionStart, active.selectionEnd] : null;
  change();
  for (const node of keyed()) {
    const had = kept.get(node.dataset.key);
    if (had && had.value) node.value = had.value;
    if (had && had.open) node.open = true;
    if (key && node.dataset.key === key && document.activeElement !== node) {
      node.focus({ preventScroll: true });
      if (caret && node.setSelectionRange) node.setSelectionRange(...caret);
    }
  }
}

// What this browser remembers; a browser that remembers nothing is fine.
export const memory = {
  get(name) { try { return localStorage.getItem(name) || ""; } catch { return ""; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* asked again next time */ } },
};

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
