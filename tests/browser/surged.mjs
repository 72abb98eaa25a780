// The daemons that the test looks at: `surged demo`, and `surged run` with tokens and many push streams.
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

export async function until(what, check, patience = 60000) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${patience / 1000} s in vain: ${what}`);
    await sleep(100);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const running = [];
async function start(args, port, ready) {
  const child = spawn(process.env.SURGED, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (d) => { said = (said + d).slice(-20000); });
  running.push(child);
  const url = `http://127.0.0.1:${port}`;
  await until(`surged ${args[0]} answers`, async () => {
    if (child.exitCode !== null) throw new Error(`surged ${args[0]} ended: ${said}`);
    try { return (await fetch(url + ready)).ok; } catch { return false; }
  });
  return { url, child, said: () => said };
}
export async function stop(daemon) {
  if (daemon.child.exitCode !== null) return;
  daemon.child.kill("SIGTERM");
  await Promise.race([new Promise((r) => daemon.child.once("exit", r)), sleep(6000)]);
  if (daemon.child.exitCode === null) daemon.child.kill("SIGKILL");
}
process.on("exit", () => { for (const child of running) if (child.exitCode === null) child.kill("SIGKILL"); });

export async function demo() {
  const port = await freePort();
  return start(["demo", "--listen", `127.0.0.1:${port}`, "--for", "10m"], port, "/healthz");
}

// `count` push streams of one brand; the first is called acme-push. Receivers that nobody answers for.
export async function many(count) {
  const port = await freePort();
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "surged-console-"));
  process.on("exit", () => fs.rmSync(directory, { recursive: true, force: true }));
  for (const name of ["kim", "eve", "feed"]) fs.writeFileSync(`${directory}/${name}`, `secret-${name}\n`, { mode: 0o600 });
  const streams = [...Array(count).keys()].map((n) =>
    `      - { name: ${n ? `acme-${String(n).padStart(3, "0")}` : "acme-push"}, platform: ${["x", "facebook", "mastodon"][n % 3]}, kind: push, detector: cap${n === 1 ? ", heartbeat: 5s" : ""} }`);
  fs.writeFileSync(`${directory}/surged.yaml`, `
server:
  listen: "127.0.0.1:${port}"
  tokens:
    - { name: kim, role: operator, token_file: ${directory}/kim }
    - { name: eve, role: viewer, token_file: ${directory}/eve }
    - { name: feed, role: push, token_file: ${directory}/feed }
storage: { directory: ${directory}/state }
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:9/page" }
  other: { type: webhook, url: "http://127.0.0.1:9/other" }
detectors:
  cap: { type: threshold, window: 5m, at_least: 40 }
brands:
  - name: acme
    checklist: ["Stop the campaign", "Say so in public"]
    notify: { receivers: [hook] }
    streams:
${streams.join("\n")}
`);
  const run = () => start(["run", "--config", `${directory}/surged.yaml`], port, "/readyz");
  const daemon = await run();
  daemon.again = async () => { daemon.child = (await run()).child; };
  // mentions: [{id, text, ...}]; `created_at` is now unless it is given
  daemon.push = async (stream, mentions) => {
    const at = new Date().toISOString();
    const response = await fetch(`${daemon.url}/api/v1/streams/${stream}/mentions`, { method: "POST",
      headers: { Authorization: "Bearer secret-feed" }, body: mentions.map((m) => JSON.stringify({ created_at: at, ...m }) + "\n").join("") });
    if (response.status !== 202) throw new Error(`push: ${response.status} ${await response.text()}`);
    return response.json();
  };
  daemon.names = ["acme-push", ...[...Array(count).keys()].slice(1).map((n) => `acme-${String(n).padStart(3, "0")}`)];
  return daemon;
}
