// The browser, watched: what it complains of and whom it asks is kept.
import * as fs from "node:fs";
import * as path from "node:path";
import { chromium } from "playwright-core";

const kArguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];
const kTypes = { js: "text/javascript", css: "text/css", svg: "image/svg+xml", html: "text/html; charset=utf-8" };

export const complaints = [];  // console errors, exceptions, requests to other hosts
export const open = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: kArguments });

// With ASSETS=DIR: the files of that folder, with the headers of the daemon.
async function fromDisk(context, folder) {
  const from = async (route, name, response) => {
    const file = path.join(folder, name);
    if (!fs.existsSync(file)) return route.continue();
    return route.fulfill({ ...(response ? { response } : {}), contentType: kTypes[name.split(".").pop()], body: fs.readFileSync(file) });
  };
  await context.route("**/assets/*", (route) => from(route, new URL(route.request().url()).pathname.split("/").pop()));
  await context.route("**/-/login", async (route) => {
    const response = await route.fetch({ maxRedirects: 0 });
    if (response.status() !== 401) return route.fulfill({ response });
    const why = (await response.text()).match(/role="alert">([^<]*)/);
    const page = fs.readFileSync(path.join(folder, "sign_in.html"), "utf8").replace("<!--why-->", why ? why[1] : "");
    return route.fulfill({ response, body: page });
  });
  await context.route((url) => url.pathname === "/" || url.pathname.startsWith("/incidents/"), async (route) => {
    if (!route.request().isNavigationRequest()) return route.continue();
    const response = await route.fetch({ maxRedirects: 0 });
    if (response.status() === 200) return from(route, "index.html", response);
    return response.status() === 401 ? from(route, "sign_in.html", response) : route.fulfill({ response });
  });
}

// A window of its own: its own cookies and memory. `allow`: a pattern of complaints that are meant to come.
export async function windowOf(browser, daemon, { width = 1280, height = 900, scheme = "light", allow = null } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: "reduce" });
  if (process.env.ASSETS) await fromDisk(context, process.env.ASSETS);
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== daemon.url) complaints.push(`asked another host: ${request.url()}`);
  });
  const page = await context.newPage();
  const complain = (text) => { if (!allow || !allow.test(text)) complaints.push(`${page.url()}: ${text}`); };
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) complain(`${m.text()} ${m.location().url}`); });
  page.on("pageerror", (e) => complain(String(e.stack || e)));
  page.on("dialog", (d) => { complaints.push(`a dialog: ${d.message()}`); d.dismiss(); });
  page.setDefaultTimeout(30000);
  return page;
}
