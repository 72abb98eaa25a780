// What a person may press about an incident. A word goes out, what was said back is shown.
import * as api from "./api.js";
import { el, memory, put, utc } from "./dom.js";

const said = document.getElementById("said");
const kSaidFor = 30000;  // ms
let over = 0;
export function say(text) {
  clearTimeout(over);
  put(said, text);
  if (text) over = setTimeout(() => put(said, ""), kSaidFor);
}

let you = "";  // the name of the token, where there are tokens
export function iAm(name) { you = name || ""; }
export const myName = () => memory.get("by") || you;

export function nameField(key) {
  return el("input", { "data-key": key, name: "by", type: "text", required: true, autocomplete: "name",
    maxlength: "80", value: myName() });
}
export function remember(field) {
  if (!field.reportValidity()) return "";
  memory.set("by", field.value.trim());
  return field.value.trim();
}

// Sends it; the button waits. `after(answer)` shows the new state.
export async function press(button, send, done, after) {
  button.disabled = true;
  say("");
  try {
    const answer = await send();
    say(done);
    if (after) await after(answer);
  } catch (error) {
    say(`Refused: ${error.message}`);
  }
  button.disabled = false;
}

// The one thing to press at night. Without a name it asks for one, on the incident's own page.
export function quick(incident, after) {
  if (incident.state !== "open") return null;
  return el("button.main", { type: "button", "data-key": `ack ${incident.id}`, onclick: (e) => {
    const by = myName();
    if (!by) { location.assign(`/incidents/${encodeURIComponent(incident.id)}#by`); return; }
    press(e.target, () => api.act(incident.id, "acknowledge", { by }), `${incident.id} is yours, ${by}.`, after);
  } }, "Acknowledge: I have it");
}

const kDone = { acknowledge: "Acknowledged.", respond: "Noted: the public has an answer.", resolve: "Resolved.",
  close: "Closed.", reopen: "Open again.", note: "The note is kept." };

export function form(incident, done) {
  const by = nameField("by");
  by.id = "by";
  const note = el("input", { "data-key": "note", name: "note", type: "text", maxlength: "2000" });
  const link = el("input", { "data-key": "link", name: "link", type: "url", placeholder: "https://…" });
  const verdict = el("select", { "data-key": "verdict", name: "verdict" }, [["", "no verdict"], ["real", "real"],
    ["false", "false alarm"], ["expected", "expected"]].map(([value, text]) => el("option", { value }, text)));
  const buttons = el("div.buttons");
  const add = (name, label, main) => buttons.append(el("button" + (main ? ".main" : ""), {
    type: "button", "data-key": `do ${name}`, onclick: (e) => {
      const who = remember(by);
      if (!who || !link.reportValidity()) return;
      if (name === "respond" && !link.value) { say("Paste the link to the answer: it is what shows that the public has one."); link.focus(); return; }
      const body = { by: who };
      for (const field of [note, link]) if (field.value) body[field.name] = field.value;
      if (name === "close" && verdict.value) body.verdict = verdict.value;
      press(e.target, () => api.act(incident.id, name, body), kDone[name], (answer) => {
        note.value = link.value = verdict.value = "";
        done(answer);
      });
    },
  }, label));
  if (incident.state === "closed") {
    add("reopen", "Reopen", true);
  } else {
    if (incident.state === "open") add("acknowledge", "Acknowledge: I have it", true);
    add("respond", "We answered in public", incident.state === "acknowledged");
    add("resolve", "Resolve", incident.state === "responded");
    add("close", "Close", incident.state === "resolved");
    if (incident.state !== "open") add("acknowledge", "I have it now");
  }
  add("note", "Add note");
  // Enter says what its field is for, nothing that was not meant.
  for (const [field, name] of [[by, "acknowledge"], [note, "note"], [link, "respond"]])
    field.addEventListener("keydown", (e) => {
      const button = e.key === "Enter" && buttons.querySelector(`[data-key="do ${name}"]`);
      if (button) { e.preventDefault(); button.click(); }
    });
  return el("form.act", { onsubmit: (e) => e.preventDefault() }, buttons, el("label", {}, "Your name", by),
    el("label", {}, "Note", note), el("label", {}, "Link to our public answer", link),
    incident.state === "closed" ? null : el("label", {}, "Verdict when closing", verdict));
}

// One of our own posts was seen: whether it answers the public is for a person to say.
export function answers(incident, post, done) {
  if (!post.url) return null;
  return el("button", { type: "button", "data-key": `own ${post.platform} ${post.id}`, onclick: (e) => {
    const by = myName();
    if (!by) { document.getElementById("by").focus(); say("Your name first, please."); return; }
    const body = { by, platform: post.platform, link: post.url };
    press(e.target, () => api.act(incident.id, "respond", body), kDone.respond, done);
  } }, "Yes, this is our answer");
}

export function checklist(incident, may, done) {
  if (!incident.checklist.length) return null;
  return [el("h3", {}, "Checklist"), el("ul.plain", {}, incident.checklist.map((c, n) => el("li", {}, el("label.check", {},
    el("input", { type: "checkbox", "data-key": `check ${n}`, checked: Boolean(c.by), disabled: !may, onchange: async (e) => {
      const box = e.target;
      const by = myName() || "console";
      try { done(await api.act(incident.id, "check", { by, item: String(n + 1), done: box.checked })); }
      catch (error) { box.checked = !box.checked; say(`Refused: ${error.message}`); }
    } }), el("span", {}, c.item, c.by ? el("span.soft", {}, ` (${c.by}, ${utc(c.at)})`) : null)))))];
}
