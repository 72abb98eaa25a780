// The console as a person at night meets it. Each `step` is one promise; all are tried, each failure is told.
import * as fs from "node:fs";
import { createRequire } from "node:module";
import { complaints, open, windowOf } from "./browser.mjs";
import { demo, many, sleep, stop, until } from "./surged.mjs";

const kStreams = 200;
const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let failures = 0;
const began = Date.now();
const at = () => `${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s`;
async function step(name, run) {
  const before = complaints.length;
  try {
    await run();
    if (complaints.length > before) throw new Error([...new Set(complaints.slice(before))].join("\n"));
    console.log(`${at()}  ok    ${name}`);
  } catch (error) {
    failures++;
    console.log(`${at()}  FAIL  ${name}\n        ${String(error.message || error).split("\n").slice(0, 12).join("\n        ")}`);
  }
}
function expect(is, what) { if (!is) throw new Error(what); }

// axe runs in the page, past its content policy, as an extension would.
async function accessible(page, name) {
  const client = await page.context().newCDPSession(page);
  const { frameTree } = await client.send("Page.getFrameTree");
  const { executionContextId } = await client.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const run = (expression) => client.send("Runtime.evaluate", { contextId: executionContextId, expression, awaitPromise: true, returnByValue: true });
  await run(axeSource);
  const answer = await run("axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations.map((v) => " +
    "({impact: v.impact, id: v.id, help: v.help, where: v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' | ' + (n.any[0] ? n.any[0].message : ''))})))");
  if (answer.exceptionDetails) throw new Error(`axe did not run on ${name}: ${JSON.stringify(answer.exceptionDetails)}`);
  await client.detach();
  const found = answer.result.value;
  for (const v of found.filter((f) => !["serious", "critical"].includes(f.impact))) console.log(`          axe, ${v.impact}: ${v.id} on ${name}: ${v.help}`);
  const serious = found.filter((v) => ["serious", "critical"].includes(v.impact));
  expect(!serious.length, `axe on ${name}: ${serious.map((v) => `${v.id}: ${v.help}: ${v.where.join("; ")}`).join("\n")}`);
}

// How many pixels the page is wider than its window, and what is to blame.
async function fits(page, name) {
  const found = await page.evaluate(() => {
    const over = document.documentElement.scrollWidth - innerWidth;
    const wide = over <= 0 ? [] : [...document.querySelectorAll("body *")].filter((n) => n.getBoundingClientRect().right > innerWidth + 1 && !n.closest(".scroll, .skip"));
    return { over, wide: wide.slice(-3).map((n) => `${n.tagName}.${n.className} in ${n.parentElement.tagName}.${n.parentElement.className}`) };
  });
  expect(found.over <= 0, `${name} is ${found.over} px wider than its window: ${found.wide.join("; ")}`);
}
async function shoot(page, name) {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [360, 1280, 2560]) {
      await page.setViewportSize({ width, height: width < 2560 ? 700 : 1440 });
      await page.evaluate(() => scrollTo(0, 0));
      // What is off the screen is not drawn: the window is made as high as the page.
      if (width < 2560) await page.setViewportSize({ width, height: Math.min(8000, await page.evaluate(() => document.documentElement.scrollHeight) + 100) });
      await sleep(400);
      await page.screenshot({ path: `shots/${name}-${width}-${scheme}.png`, animations: "disabled" });
      await fits(page, `${name} at ${width}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
}
async function signIn(page, token) {
  await page.fill("#token", token);
  await Promise.all([page.waitForResponse((r) => r.url().endsWith("/-/login")), page.press("#token", "Enter")]);
}

const kRefusedLoads = /status of 40[13]/;  // what a browser says of the refusals that a step asks for
const browser = await open();
console.log(`chromium ${browser.version()}`);

// --- a crisis that comes by itself
const crisis = await demo();
const wall = await windowOf(browser, crisis);
const phone = await windowOf(browser, crisis, { width: 360, height: 780 });
const third = await windowOf(browser, crisis);
let id = "";
await step("an incident appears on a page that is not loaded again", async () => {
  await wall.goto(crisis.url);
  await wall.waitForSelector("#streams > li");
  await wall.evaluate(() => { window.sameDocument = true; });
  if (await wall.locator("[data-incident]").count()) console.log("          (it was faster than the page)");
  await wall.waitForSelector("[data-incident]", { timeout: 90000 });
  id = await wall.getAttribute("[data-incident]", "data-incident");
  expect(await wall.evaluate(() => window.sameDocument), "the page was loaded again");
  expect((await wall.title()).includes("(1)"), `the title does not say it: ${await wall.title()}`);
  expect((await wall.textContent("#summary")).includes("1 open incident"), await wall.textContent("#summary"));
  expect((await wall.textContent("[data-incident]")).includes("Nobody has it yet"), "who has it is not said");
});
await step("clocks tick", async () => {
  const look = () => wall.evaluate(() => [document.getElementById("clock").textContent, [...document.querySelectorAll("[data-incident] meter")].map((m) => m.value)]);
  const seen = new Set();
  const [, used] = await look();
  for (let n = 0; n < 30; n++) {
    seen.add((await look())[0]);
    await sleep(200);
  }
  expect(seen.size >= 5, `${seen.size} different seconds within six`);
  const later = (await look())[1];
  expect(later.length && later.every((part, n) => part > used[n] || part === 1), `the share of the time used stands still: ${used}, then ${later}`);
});
await step("a hand on the keyboard acknowledges, and another window shows it", async () => {
  await phone.goto(crisis.url);
  await phone.waitForSelector("[data-incident]");
  await third.goto(`${crisis.url}/incidents/${id}`);
  await third.waitForSelector("article");
  await third.evaluate(() => { window.sameDocument = true; });
  await phone.keyboard.press("Tab");
  expect(await phone.evaluate(() => document.activeElement.className) === "skip", "the first stop is not the way past the head");
  for (let n = 0; n < 30 && !(await phone.evaluate(() => (document.activeElement.dataset.key || "").startsWith("ack "))); n++) await phone.keyboard.press("Tab");
  expect(await phone.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== "none"), "the focus is not seen");
  await phone.keyboard.press("Enter");
  await phone.waitForFunction(() => document.activeElement && document.activeElement.name === "by");
  await phone.keyboard.type("kim");
  await phone.keyboard.press("Enter");
  for (const page of [phone, third, wall]) await page.getByText("kim has it.").waitFor();
  for (const page of [third, wall]) expect(await page.evaluate(() => window.sameDocument), "a page was loaded again");
  expect((await phone.textContent("#said")).includes("Acknowledged"), "what was pressed is not confirmed");
});
await step("what is being typed survives what happens meanwhile", async () => {
  await third.fill("[data-key=note]", "half a thou");
  await phone.fill("[data-key=note]", "seen by legal");
  await phone.keyboard.press("Enter");
  await wall.waitForTimeout(1500);
  expect(await third.inputValue("[data-key=note]") === "half a thou", "the typed note is gone");
  await third.locator("[data-key=back]").focus();
  await third.getByText("seen by legal").waitFor();
  expect(await third.inputValue("[data-key=note]") === "half a thou", "the typed note went with the new page");
});
await step("the page of the incident says what it is", async () => {
  const told = await (await fetch(`${crisis.url}/api/v1/incidents/${id}`)).json();
  expect(told.composition && told.visible.length, "the daemon knows nothing of who speaks");
  const words = ["Who speaks", "Authors", "Most visible posts", "Waiting for our answer", "Our own posts since", "Posts that are watched",
    "The plan for this", "first public answer", told.visible[0].author];
  if (told.composition.languages.length) words.push("Languages");
  if (told.composition.terms.length) words.push("New words");
  await third.reload();  // what the API says now
  for (const word of words)
    await third.getByText(word).first().waitFor({ timeout: 5000 }).catch(() => { throw new Error(`not there: ${word}`); });
  expect(await third.locator("blockquote").count() > 0, "no post is shown");
  await third.waitForSelector(".chart.big canvas");
  const charts = await third.locator(".chart.big canvas").count();
  expect(charts === 1, `${charts} curves instead of one`);
});
await step("a silence is made, seen in the incident and ended; a drill is rehearsed", async () => {
  await wall.getByText("Hold the pages of a brand for a while").click();
  await wall.fill("[data-key=s-why]", "launch party");
  await wall.fill("[data-key=s-by]", "kim");
  await wall.getByRole("button", { name: "Hold the pages" }).click();
  await wall.locator("[data-incident] .hush", { hasText: "launch party" }).waitFor();
  await third.locator("article .hush", { hasText: "launch party" }).waitFor();
  await wall.getByRole("button", { name: /End the silence/ }).click();
  await wall.locator("[data-incident] .hush").waitFor({ state: "detached" });
  await third.locator(".hush").waitFor({ state: "detached" });
  await wall.getByText("Rehearse: start a drill").click();
  await wall.getByRole("button", { name: "Start the drill" }).click();
  await wall.locator("[data-incident$=-drill]", { hasText: "DRILL" }).waitFor();
});
await step("a stream says why it pages or not", async () => {
  const card = wall.locator("[data-stream=acme-x]");
  await card.locator("summary").click();
  await card.getByText(/mentions in about|covered/).waitFor();
});
await step("axe finds nothing serious on the first page and on an incident's", async () => {
  await accessible(wall, "the first page");
  await accessible(third, "an incident");
  for (const page of [wall, third]) {
    await page.emulateMedia({ colorScheme: "dark" });
    await accessible(page, "a dark page");
    await page.emulateMedia({ colorScheme: "light" });
  }
});
await step("screenshots at three widths, light and dark", async () => {
  await shoot(wall, "overview");
  await shoot(third, "incident");
});
for (const page of [wall, phone, third]) await page.context().close();
await stop(crisis);

// --- tokens, hostile posts, many streams
const crowd = await many(kStreams);
const kim = await windowOf(browser, crowd, { allow: kRefusedLoads });
await step("sign-in by token: the wrong one is refused, the right one leads in", async () => {
  await kim.goto(crowd.url);
  await accessible(kim, "the sign-in");
  await shoot(kim, "sign-in");
  await signIn(kim, "secret-wrong");
  await kim.getByText("not known here").waitFor();
  await signIn(kim, "secret-kim");
  await kim.waitForSelector("#streams > li");
  await kim.getByText("kim (operator)").waitFor();
});

const kHostile = "<script>window.pwned=1</script><img src=x onerror=\"window.pwned=1\"> \u202Etxet desrever\u202C " +
  "javascript:alert(1) " + "W".repeat(1500) + " &lt;b&gt; \u0000\u0007 \"'`--><svg onload=window.pwned=1>";
await step("a hostile post is text and nothing else", async () => {
  const surge = [...Array(80).keys()].map((n) => ({ id: `h${n}`, text: kHostile, url: n % 2 ? "javascript:window.pwned=1" : "https://x.com/a/status/1\"><script>window.pwned=1</script>",
    author: { id: `a${n}`, handle: `<b onclick=x>\u202E${"Q".repeat(300)}`, followers: 1000 + n }, reach: 1000 + n, lang: "en" }));
  await crowd.push("acme-push", surge);
  await kim.waitForSelector("[data-incident]");
  const found = await kim.getAttribute("[data-incident]", "data-incident");
  await kim.click("[data-incident] h3 a");
  await kim.waitForSelector("article");
  await kim.fill("[data-key=note]", kHostile.replace("\u0000", ""));
  await kim.locator("[data-key='do acknowledge']").click();
  await kim.getByText("kim has it.").waitFor();
  await until("the hostile text is shown", () => kim.evaluate(() => document.querySelector("main").textContent.includes("<script>window.pwned=1</script>")), 20000);
  await sleep(500);
  const state = await kim.evaluate(() => ({ pwned: window.pwned, markup: document.querySelectorAll("main script, main img, main svg, main [onclick], main [onerror], main b").length,
    links: [...document.querySelectorAll("main a")].filter((a) => !/^https?:$/.test(a.protocol)).length,
    turned: /[\u202A-\u202E\u2066-\u2069]/.test(document.body.textContent), foreign: [...document.querySelectorAll("main a[target]")].filter((a) => !a.rel.includes("noopener")).length }));
  expect(!state.pwned && !state.markup && !state.links && !state.turned && !state.foreign, `not inert: ${JSON.stringify(state)}`);
  for (const width of [1280, 360]) {
    await kim.setViewportSize({ width, height: 800 });
    await sleep(300);
    await fits(kim, `a page with long words at ${width}`);
  }
  await kim.screenshot({ path: "shots/hostile-360-light.png", fullPage: true });
  await kim.setViewportSize({ width: 1280, height: 900 });
  await accessible(kim, "an incident with a hostile post");
  expect(found, "no incident");
});
await step("who may only look sees no buttons, and is refused", async () => {
  const eve = await windowOf(browser, crowd, { allow: kRefusedLoads });
  await eve.goto(crowd.url);
  await signIn(eve, "secret-eve");
  await eve.waitForSelector("[data-incident]");
  const buttons = await eve.locator("main button").allTextContents();
  expect(!buttons.length, `a viewer sees buttons: ${buttons}`);
  await eve.click("[data-incident] h3 a");
  await eve.getByText("Your token may look, not act.").waitFor();
  const status = await eve.evaluate(() => fetch(location.pathname.replace("/incidents", "/api/v1/incidents") + "/close", { method: "POST", body: "{}" }).then((r) => r.status));
  expect(status === 403, `a viewer's close: ${status}`);
  await eve.context().close();
});
await step("signing out ends it, and a page's link survives the sign-in", async () => {
  const link = kim.url();
  await Promise.all([kim.waitForResponse((r) => r.url().endsWith("/-/logout")), kim.click("#leave button")]);
  await kim.waitForSelector("#token");
  expect(await kim.evaluate(() => fetch("/api/v1/status").then((r) => r.status)) === 401, "the session goes on");
  await kim.goto(link);
  await signIn(kim, "secret-kim");
  await kim.waitForSelector("article");
  expect(kim.url() === link, `it led to ${kim.url()} instead of ${link}`);
});
await step(`${kStreams} streams: found by name, worst first, blind ones with their reason`, async () => {
  await kim.goto(crowd.url);
  await kim.waitForSelector("[data-incident]");
  await kim.waitForSelector("#streams > li");
  expect(await kim.locator("#streams > li").count() === kStreams, `${await kim.locator("#streams > li").count()} streams`);
  await kim.locator("#alarm", { hasText: "Blind: acme-001" }).waitFor({ timeout: 30000 });
  const first = await kim.locator("#streams > li h3").evaluateAll((all) => all.slice(0, 2).map((h) => h.textContent));
  expect(first[0] === "acme-push surging" && first[1] === "acme-001 BLIND", `in this order: ${first}`);
  await kim.getByRole("searchbox").fill("acme-17");
  expect(await kim.locator("#streams > li:visible").count() === 10, "the filter does not filter");
  await kim.getByRole("searchbox").fill("");
});
await step(`what ${kStreams} streams cost while they move`, async () => {
  const big = await windowOf(browser, crowd, { width: 2560, height: 1440 });
  await big.context().addCookies(await kim.context().cookies());
  await big.goto(crowd.url);
  await big.waitForSelector("[data-incident]");
  const paint = await big.evaluate(() => performance.getEntriesByType("paint").map((p) => `${p.name} ${Math.round(p.startTime)} ms`).join(", "));
  const complete = await big.evaluate(() => Math.round(performance.now()));
  const client = await big.context().newCDPSession(big);
  await client.send("Performance.enable");
  const read = async () => Object.fromEntries((await client.send("Performance.getMetrics")).metrics.map((m) => [m.name, m.value]));
  await sleep(3000);
  await big.evaluate(() => { window.changes = 0;
    new MutationObserver((list) => { window.changes += list.length; }).observe(document.getElementById("streams"), { subtree: true, childList: true, characterData: true }); });
  const before = await read();
  const from = Date.now();
  let n = 0;
  while (Date.now() - from < 15000) {
    for (let i = 2; i < kStreams; i += 20)
      await Promise.all(crowd.names.slice(i, i + 20).map((name) => crowd.push(name, [{ id: `m${n++}`, text: "it moves", author: { id: "a" } }])));
    await sleep(500);
  }
  const wallTime = (Date.now() - from) / 1000;
  const after = await read();
  const part = (key) => `${(100 * (after[key] - before[key]) / wallTime).toFixed(1)} %`;
  const changes = await big.evaluate(() => window.changes);
  console.log(`          first paint: ${paint}; all streams and the incident after ${complete} ms; while ${kStreams} streams moved for ${wallTime.toFixed(0)} s ` +
    `(${n} mentions, ${changes} changes of the page): main thread ${part("TaskDuration")} of a core (script ${part("ScriptDuration")}, layout and style ` +
    `${(100 * (after.LayoutDuration + after.RecalcStyleDuration - before.LayoutDuration - before.RecalcStyleDuration) / wallTime).toFixed(1)} %), heap ${(after.JSHeapUsedSize / 1e6).toFixed(1)} MB`);
  expect(changes > kStreams, `only ${changes} changes: did the streams move at all?`);
  expect((after.TaskDuration - before.TaskDuration) / wallTime < 0.8, "the page keeps a core busy");
  await big.screenshot({ path: "shots/many-2560-light.png" });
  await big.emulateMedia({ colorScheme: "dark" });
  await sleep(500);
  await big.screenshot({ path: "shots/many-2560-dark.png" });
  await big.setViewportSize({ width: 360, height: 780 });
  await sleep(500);
  await fits(big, "the page of many streams");
  await big.screenshot({ path: "shots/many-360-dark.png" });
  await accessible(big, "the page of many streams");
  await big.context().close();
});
await step("when surged goes away the page says so, and follows again when it is back", async () => {
  const lone = await windowOf(browser, crowd, { allow: /ERR_|Failed to load|status of/ });
  await lone.context().addCookies(await kim.context().cookies());
  await lone.goto(crowd.url);
  await lone.waitForSelector("[data-incident]");
  await kim.context().close();
  await stop(crowd);
  await lone.locator("#alarm", { hasText: "may be old" }).waitFor();
  await crowd.again();
  await lone.locator("#alarm", { hasText: "may be old" }).waitFor({ state: "detached" });
  expect(await lone.locator("[data-incident]").count() === 1, "the incident is gone");
  await crowd.push("acme-005", [...Array(80).keys()].map((n) => ({ id: `again${n}`, text: "again", author: { id: `a${n}` } })));
  await lone.locator("[data-incident]", { hasText: "acme-005" }).waitFor();
  await lone.context().close();
});
await stop(crowd);
await browser.close();
console.log(failures ? `${failures} failed` : `all is well after ${at().trim()}; screenshots: ${process.cwd()}/shots`);
process.exit(failures ? 1 : 0);
