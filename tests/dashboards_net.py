#!/usr/bin/python3
"""Every expression of every dashboard and rule, asked of a real Prometheus that scrapes the demo, returns data.

dashboards_net.py SURGED            starts the demo and Prometheus, walks the incident to its end
dashboards_net.py --prometheus URL  asks a Prometheus that is there: what of the dashboards stays empty on yours?

Exit 0 when everything was shown, 1 with what was not, 77 when Prometheus is not installed.
"""
import json
import math
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import dashboards

PROMETHEUS = "/usr/bin/prometheus"
PATIENCE = 200  # seconds, under a loaded machine; some 50 when it is idle

# What the demo cannot show, with the reason: metrics, and places.
EMPTY = {
    "surged_notification_oldest_timestamp_seconds": "the demo's receiver takes each page at once: nothing waits",
    "crisis-room: panel '$stream' E": "no stream of the demo goes blind",
}


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def query(prometheus, expr):
    url = prometheus + "/api/v1/query?" + urllib.parse.urlencode({"query": expr})
    try:
        return ask(url)["data"]["result"]
    except urllib.error.HTTPError as error:
        raise SystemExit(f"refused: {expr}\n{error.read().decode()}") from error


def has_data(result):
    return any(not math.isnan(float(sample["value"][1])) for sample in result)


def wanted():
    """{place: [expr, label]}: a series with that label, if one is named, is what satisfies it."""
    out = {}
    for name, dashboard in dashboards.load().items():
        for where, expr in dashboards.expressions(dashboard):
            if f"{name}: {where}" not in EMPTY:
                out[f"{name}: {where}"] = (dashboards.filled(expr, "20s", "5m"), None)
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                expr, label = dashboards.variable_expression(variable["query"])
                out[f"{name}: variable '{variable['name']}'"] = (dashboards.filled(expr), label)
        for metric, braces in {s for _, e in dashboards.expressions(dashboard) for s in dashboards.selectors(e)}:
            if dashboards.family(metric) not in EMPTY:
                out[f"{name}: {metric}{braces}"] = (dashboards.filled(metric + braces), None)
    return out


def wanted_of_rules(prometheus):
    """A condition is false while all is well: its series must be there, and a recorded one itself."""
    out = {}
    for group in ask(prometheus + "/api/v1/rules")["data"]["groups"]:
        for rule in group["rules"]:
            if rule["type"] == "recording":
                out[f"rule {rule['name']}"] = (rule["name"], None)
            for metric, braces in dashboards.selectors(rule["query"]):
                if dashboards.family(metric) not in EMPTY:
                    out[f"rule {rule['name']}: {metric}{braces}"] = (metric + braces, None)
    return out


def sick_rules(prometheus):
    groups = ask(prometheus + "/api/v1/rules")["data"]["groups"]
    return [f"rule {rule['name']}: {rule['health']} {rule.get('lastError', '')}"
            for group in groups for rule in group["rules"] if rule["health"] != "ok"]


def unsatisfied(prometheus, left):
    def shown(expr, label):
        result = query(prometheus, expr)
        return has_data(result) and (label is None or all(label in sample["metric"] for sample in result))
    return {place: want for place, want in left.items() if not shown(*want)}


class Incident:
    """Walks the demo's incident through its states, so that every clock ends and every time is measured."""

    def __init__(self, base):
        self.base, self.steps = base, ["acknowledge", "respond", "resolve"]

    def step(self):
        item = ask(self.base + "/api/v1/incidents")["items"][0]
        what = self.steps.pop(0)
        ask(f"{self.base}/api/v1/incidents/{item['id']}/{what}",
            {"by": "kim", "note": "seen", "link": "https://news.example/our-answer"})
        print(f"{what}: done", flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(arguments, log):
    with open(log, "w", encoding="utf-8") as out:
        return subprocess.Popen(arguments, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)


def stop(child):
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def watch(prometheus, base, alive):
    left, rules_known, incident = wanted(), False, Incident(base)
    total, end = len(left), time.monotonic() + PATIENCE
    while time.monotonic() < end:
        time.sleep(2)
        if died := alive():
            raise SystemExit(died)
        try:
            if not rules_known and not sick_rules(prometheus):
                rules, rules_known = wanted_of_rules(prometheus), True
                left, total = left | rules, total + len(rules)
            left = unsatisfied(prometheus, left)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            continue  # Prometheus is still starting
        clocks = any("surged_clock_" in expr for expr, _ in left.values())
        if rules_known and incident.steps and not clocks:
            incident.step()
        elif rules_known and not left:
            print(f"{total} expressions and selectors returned data")
            return 0
    for place, (expr, _) in sorted(left.items()):
        print(f"no data: {place}: {expr}")
    for line in sick_rules(prometheus):
        print(line)
    return 1


def run(binary):
    if not os.path.exists(PROMETHEUS):
        print(f"{PROMETHEUS} is not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="surged-dashboards-") as name:
        directory = pathlib.Path(name)
        listen, port = f"127.0.0.1:{free_port()}", free_port()
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                  "rule_files": [str(dashboards.RULES)],
                  "scrape_configs": [{"job_name": "surged", "static_configs": [{"targets": [listen]}]}]}
        (directory / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
        logs = {"demo": directory / "demo.log", "prometheus": directory / "prometheus.log"}
        children = {
            "prometheus": start([PROMETHEUS, f"--config.file={directory}/prometheus.yml",
                                 f"--storage.tsdb.path={directory}/tsdb", "--log.level=warn",
                                 f"--web.listen-address=127.0.0.1:{port}"], logs["prometheus"]),
            "demo": start([binary, "demo", "--listen", listen, "--platforms", "all", "--for", f"{PATIENCE + 60}s"],
                          logs["demo"])}

        def alive():
            return "".join(f"{who} ended\n{logs[who].read_text(encoding='utf-8')}"
                           for who, child in children.items() if child.poll() is not None)
        try:
            code = watch(f"http://127.0.0.1:{port}", f"http://{listen}", alive)
            if code:
                print(logs["demo"].read_text(encoding="utf-8")[-4000:])
            return code
        finally:
            for child in children.values():
                stop(child)


def look(prometheus):
    left = unsatisfied(prometheus, wanted() | wanted_of_rules(prometheus))
    for place, (expr, _) in sorted(left.items()):
        print(f"no data: {place}: {expr}")
    return 1 if left else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--prometheus":
        sys.exit(look(sys.argv[2].rstrip("/")))
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(run(sys.argv[1]))
