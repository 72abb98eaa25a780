#!/usr/bin/python3
"""deploy/alertmanager/alertmanager.yml in a real Alertmanager: who mutes whom, and how soon a page is out.

The webhooks of the example are led to a collector here. Exit 0; 1 with what went wrong; 77 without Alertmanager.
"""
import datetime
import http.server
import json
import os
import pathlib
import sys
import tempfile
import threading
import time

from dashboards import ROOT
from dashboards_net import ask, free_port, start, stop

ALERTMANAGER = "/usr/bin/prometheus-alertmanager"
IN_TIME = 5  # seconds from the alert to the page; the defaults of Alertmanager would wait for 30

CLOCK = {"alertname": "SurgedClockBreached", "brand": "acme", "platform": "x", "kind": "respond"}
OWN = {"service": "surged", "severity": "critical", "instance": "a", "job": "surged"}  # what Prometheus adds
ALERTS = {  # name: (labels, muted)
    "the incident": ({"alertname": "SurgedIncident", "brand": "acme", "incident": "a-1", "drill": "false"}, True),
    "its breach": (CLOCK | {"incident": "a-1", "drill": "false"}, False),
    "the breach by the metric": (CLOCK | OWN, True),
    "the breach of another platform by the metric": (CLOCK | OWN | {"platform": "facebook"}, False),
    "another incident": ({"alertname": "SurgedIncident", "brand": "acme", "incident": "a-2", "drill": "false"}, False),
    "a drill's breach": (CLOCK | {"platform": "mastodon", "incident": "a-3-drill", "drill": "true"}, False),
    "a true breach beside the drill": (CLOCK | OWN | {"platform": "mastodon"}, False),
    "a blind stream": ({"alertname": "SurgedStreamBlind", "brand": "acme", "stream": "s", "drill": "false"}, False),
    "a blind stream by the metric": (OWN | {"alertname": "SurgedStreamBlind", "stream": "s"}, True),
    "another blind stream by the metric": (OWN | {"alertname": "SurgedStreamBlind", "stream": "t"}, False),
    "the stale stream": (OWN | {"alertname": "SurgedPollStale", "stream": "s", "severity": "warning"}, True),
    "refused credentials": (OWN | {"alertname": "SurgedPollRefused", "account": "x", "outcome": "auth"}, False),
    "their failing requests": (OWN | {"alertname": "SurgedPollErrors", "account": "x", "severity": "warning"}, True),
    "the sign of life": ({"alertname": "SurgedHeartbeat", "brand": "", "drill": "false"}, False),
    "the watchdog": ({"alertname": "SurgedWatchdog", "service": "surged", "severity": "info"}, False),
}
AT_ONCE = {  # alertname, where: what may not wait
    ("SurgedClockBreached", "/pager"), ("SurgedIncident", "/pager"), ("SurgedWatchdog", "/dead-man"),
    ("SurgedHeartbeat", "/dead-man-surged")}


class Collector(http.server.BaseHTTPRequestHandler):
    got = {}

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in body["alerts"]:
            self.got.setdefault((alert["labels"]["alertname"], self.path), time.monotonic())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def ready(url):
    for _ in range(100):
        try:
            return ask(url + "/api/v2/status")
        except OSError:
            time.sleep(0.1)
    raise SystemExit("Alertmanager does not answer")


def check(url):
    faults, now = [], datetime.datetime.now(datetime.timezone.utc)
    begun = time.monotonic()
    body = [{"labels": {k: v for k, v in labels.items() if v}, "annotations": {"name": name},
             "startsAt": now.isoformat(), "endsAt": (now + datetime.timedelta(minutes=5)).isoformat()}
            for name, (labels, _) in ALERTS.items()]
    post(url + "/api/v2/alerts", body)
    while time.monotonic() < begun + IN_TIME and not AT_ONCE <= set(Collector.got):
        time.sleep(0.1)
    for missing in AT_ONCE - set(Collector.got):
        faults.append(f"{missing} did not go out within {IN_TIME} s; so far {sorted(Collector.got)}")
    muted = {a["annotations"]["name"]: bool(a["status"]["inhibitedBy"]) for a in ask(url + "/api/v2/alerts")}
    for name, (_, wanted) in ALERTS.items():
        if muted.get(name) != wanted:
            faults.append(f"{name}: muted is {muted.get(name)}, not {wanted}")
    return faults


def post(url, body):
    """Alertmanager answers with an empty body."""
    try:
        ask(url, body)
    except json.JSONDecodeError:
        pass


def main():
    if not os.path.exists(ALERTMANAGER):
        print(f"{ALERTMANAGER} is not installed")
        return 77
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="surged-routes-") as name:
        config = (ROOT / "deploy/alertmanager/alertmanager.yml").read_text(encoding="utf-8")
        assert "127.0.0.1:8080" in config
        (pathlib.Path(name) / "am.yml").write_text(
            config.replace("127.0.0.1:8080", f"127.0.0.1:{server.server_port}"), encoding="utf-8")
        child = start([ALERTMANAGER, f"--config.file={name}/am.yml", f"--storage.path={name}/data",
                       "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{port}"], f"{name}/log")
        try:
            ready(f"http://127.0.0.1:{port}")
            faults = check(f"http://127.0.0.1:{port}")
        finally:
            stop(child)
    print("\n".join(faults) or f"{len(ALERTS)} alerts, as they should")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
