#!/usr/bin/python3
"""What can be said of deploy/grafana, deploy/prometheus and deploy/alertmanager without running the daemon.

The rules are those of grafana/dashboard-linter, which needs a newer Go than Debian's; beside them: the JSON is what its
source makes, it fits Grafana's schema, every metric is shown, every alert has a test and a place in the runbook, every
alert reaches the receiver it should. Exit 0, 1 with a line for each fault, 77 without python3-yaml; what else could not
be checked is said.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

import dashboards
from dashboards import ROOT

try:
    import yaml
except ImportError:
    print("python3-yaml is not installed")
    sys.exit(77)

SCHEMA = ROOT.parent / "shared/data/grafana/dashboard.schema.json"
PROMTOOL, AMTOOL = "/usr/bin/promtool", "/usr/bin/amtool"

# Of the units that the linter knows, those in use here.
UNITS = {"none", "short", "percentunit", "bytes", "s", "dtdurations", "dthms", "dateTimeAsIsoNoDateIfToday", "reqps",
         "cpm", "opm", "bool_yes_no"}
# Metrics that metrics.golden, made without an account that has limits, does not hold.
OF_ACCOUNTS = {"surged_rate_limit_remaining", "surged_rate_limit_reset_timestamp_seconds", "surged_budget_used_ratio"}

faults = []


def expect(good, fault):
    if not good:
        faults.append(fault)


def variables(dashboard):
    return {v["name"]: v for v in dashboard["templating"]["list"]}


def lint_frame(name, d):
    v = variables(d)
    expect(d["editable"] is False, f"{name}: editable")
    expect("id" not in d and d["uid"].startswith("surged-"), f"{name}: no id, but a uid of its own")
    expect(v["datasource"]["type"] == "datasource" and v["datasource"]["label"] == "Data source", f"{name}: datasource")
    for which in ("job", "instance"):
        good = v[which]["label"] == which.title() and v[which]["multi"] and v[which]["allValue"] == ".+"
        expect(good, f"{name}: {which}")
    for variable in v.values():
        if variable["type"] == "query":
            where = f"{name}: variable {variable['name']}"
            expect(variable["refresh"] == 2, f"{where} is not asked again when the time changes")
            expect(variable["datasource"]["uid"] == "${datasource}", f"{where}: data source")
    used = set(re.findall(r"\$\{?([a-z]+)\}?", json.dumps([d["panels"], d["annotations"], d["links"],
                                                            [x["query"] for x in v.values()]])))
    expect(used == set(v), f"{name}: variables used and defined differ: {used ^ set(v)}")


def lint_places(name, d):
    ids = [p["id"] for p in d["panels"]]
    expect(len(ids) == len(set(ids)), f"{name}: two panels of one id")
    taken = set()
    for p in d["panels"]:
        g = p["gridPos"]
        cells = {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
        expect(g["x"] + g["w"] <= 24 and not cells & taken, f"{name}: '{p['title']}' lies over another panel")
        taken |= cells


def lint_panel(where, p):
    expect(p["title"] and p["description"].endswith("."), f"{where}: a title, and a sentence that explains it")
    defaults = p["fieldConfig"]["defaults"]
    unit = defaults["unit"]
    expect(unit in UNITS, f"{where}: unit {unit}")
    expect(unit not in ("dthms", "dtdurations") or "decimals" in defaults, f"{where}: decimals of a duration")
    expect(p["targets"], f"{where}: asks nothing")
    expect(p["datasource"]["uid"] == "${datasource}", f"{where}: data source")
    several = len(p["targets"]) > 1
    for t in p["targets"]:
        expect(t["datasource"]["uid"] == "${datasource}", f"{where}: data source of {t['refId']}")
        named = t["legendFormat"] != "__auto"
        alone = p["type"] == "stat" or not re.search(r"\bby \(", t["expr"])
        expect(named or p["type"] == "table" or (alone and not several), f"{where}: {t['refId']} needs a legend")
    expect(len({t["refId"] for t in p["targets"]}) == len(p["targets"]), f"{where}: refIds")


def lint_expression(where, expr, known):
    for metric, braces in dashboards.selectors(expr):
        expect('job=~"$job"' in braces and ('instance=~"$instance"' in braces or "variable 'instance'" in where)
               or "variable 'job'" in where, f"{where}: {metric}{braces} is not of the chosen job and instance")
        expect(dashboards.family(metric) in known, f"{where}: nobody exports {metric}")
        if metric.endswith("_total") and "variable" not in where:
            counted = re.search(r"\b(rate|increase)\(" + re.escape(metric + braces) + r"\[", expr)
            expect(counted, f"{where}: {metric} is a counter")
    expect(not re.search(r"\brate\([^()]*\[(?!\$__rate_interval)", expr), f"{where}: rate over $__rate_interval")


def lint_schema(all_dashboards):
    try:
        import jsonschema
    except ImportError:
        print("python3-jsonschema is not installed: the schema was not checked")
        return
    if not SCHEMA.exists():
        print(f"{SCHEMA} is not there: the schema was not checked")
        return
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for name, d in all_dashboards.items():
        for error in validator.iter_errors(d):
            expect(False, f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")


def lint_promql(all_dashboards):
    if not os.path.exists(PROMTOOL):
        print(f"{PROMTOOL} is not installed: PromQL was not checked")
        return
    rules = [{"record": f"check:{n}:{i}", "expr": dashboards.filled(expr), "labels": {"where": where}}
             for n, d in enumerate(all_dashboards.values())
             for i, (where, expr) in enumerate(dashboards.expressions(d))]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"groups": [{"name": "dashboards", "rules": rules}]}, file)
        file.flush()
        ran = subprocess.run([PROMTOOL, "check", "rules", file.name], capture_output=True, text=True, check=False)
    expect(ran.returncode == 0, ran.stdout + ran.stderr)
    example = ROOT / "deploy/prometheus/prometheus.yml"
    ran = subprocess.run([PROMTOOL, "check", "config", example], capture_output=True, text=True, check=False)
    expect(ran.returncode == 0, ran.stdout + ran.stderr)


def lint_coverage(all_dashboards, known):
    """Every metric is shown, or the README of the dashboards says why not."""
    readme = (ROOT / "deploy/grafana/README.md").read_text(encoding="utf-8")
    shown = {dashboards.family(metric) for d in all_dashboards.values()
             for _, expr in dashboards.expressions(d) for metric, _ in dashboards.selectors(expr)}
    for metric in sorted(known - shown - {"up"}):
        expect(f"`{metric}`" in readme, f"{metric} is on no dashboard, and the README does not say why")
    for metric in re.findall(r"^\| `((?:surged|process)_\w+)` \|", readme, re.M):
        expect(metric in known - shown, f"README: {metric} is said to be left out")


def lint_rules(known):
    rules = [r for g in yaml.safe_load(dashboards.RULES.read_text(encoding="utf-8"))["groups"] for r in g["rules"]]
    tests = yaml.safe_load((ROOT / "deploy/prometheus/surged.rules.test.yml").read_text(encoding="utf-8"))["tests"]
    runbook = (ROOT / "deploy/runbook.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\w+)$", runbook, re.M)
    cases = [c for t in tests for c in t["alert_rule_test"]]
    alerts = [r for r in rules if "alert" in r]
    for rule in rules:
        for metric, _ in dashboards.selectors(rule["expr"]):
            expect(dashboards.family(metric) in known, f"{rule}: nobody exports {metric}")
    for alert in alerts:
        name, labels = alert["alert"], alert["labels"]
        expect(labels["service"] == "surged", f"{name}: service")
        expect(labels["severity"] in ("critical", "warning", "info"), f"{name}: severity")
        expect(alert["annotations"]["runbook_url"].endswith(f"/runbook.md#{name.lower()}"), f"{name}: runbook_url")
        expect(name in headings, f"{name}: no heading in deploy/runbook.md")
        expect(any(c["alertname"] == name and c["exp_alerts"] for c in cases), f"{name}: no test in which it fires")
        expect(any(c["alertname"] == name and not c["exp_alerts"] for c in cases) or name == "SurgedWatchdog"
               or name == "SurgedRestarting", f"{name}: no test in which it is silent")
    expected = {a["alert"] for a in alerts} | set(FROM_SURGED)
    expect(sorted(headings) == sorted(expected), f"runbook.md: headings {set(headings) ^ expected}")


# What surged itself sends to Alertmanager: it has a heading in the runbook too.
FROM_SURGED = ["SurgedIncident", "SurgedReceiverFailed", "SurgedHeartbeat"]

ROUTES = [  # labels, receiver
    ("alertname=SurgedIncident brand=acme incident=a-1 drill=false", "pager"),
    ("alertname=SurgedIncident brand=acme incident=a-1-drill drill=true", "pager"),
    ("alertname=SurgedClockBreached brand=acme incident=a-1 drill=false platform=x kind=respond", "pager"),
    ("alertname=SurgedClockBreached brand=acme platform=x kind=respond service=surged severity=critical", "pager"),
    ("alertname=SurgedClockNear brand=acme platform=x kind=respond service=surged severity=warning", "pager"),
    ("alertname=SurgedStreamBlind brand=acme stream=acme-x drill=false", "pager"),
    ("alertname=SurgedReceiverFailed brand=acme drill=false", "pager"),
    ("alertname=SurgedNotificationsStuck receiver=oncall service=surged severity=critical", "pager"),
    ("alertname=SurgedDown service=surged severity=critical", "pager"),
    ("alertname=SurgedPollStale service=surged severity=warning", "team"),
    ("alertname=SurgedBudgetLow brand=acme drill=false", "team"),
    ("alertname=SurgedNotice brand=acme drill=false", "team"),
    ("alertname=SurgedWatchdog service=surged severity=info", "dead-man"),
    ("alertname=SurgedHeartbeat drill=false", "dead-man-surged"),
    ("alertname=NodeDown severity=critical", "team"),
]


def lint_routes():
    path = ROOT / "deploy/alertmanager/alertmanager.yml"
    if not os.path.exists(AMTOOL):
        print(f"{AMTOOL} is not installed: the routes were not checked")
        return

    def amtool(*arguments):
        return subprocess.run([AMTOOL, *arguments], capture_output=True, text=True, check=False)
    ran = amtool("check-config", str(path))
    expect(ran.returncode == 0, ran.stdout + ran.stderr)
    for labels, receiver in ROUTES:
        ran = amtool("config", "routes", "test", f"--config.file={path}", *labels.split())
        expect(ran.stdout.strip() == receiver, f"{labels} goes to {ran.stdout.strip()}, not to {receiver}")


def lint_provisioning():
    where = ROOT / "deploy/grafana/provisioning"
    sources = yaml.safe_load((where / "datasources/prometheus.yaml").read_text(encoding="utf-8"))
    providers = yaml.safe_load((where / "dashboards/surged.yaml").read_text(encoding="utf-8"))
    expect([s["type"] for s in sources["datasources"]] == ["prometheus"], "provisioning: one data source")
    expect(providers["providers"][0]["options"]["path"] == "/usr/share/surged/grafana", "provisioning: path")
    for file in (sources, providers):
        expect(file["apiVersion"] == 1, "provisioning: apiVersion")


def main():
    ran = subprocess.run([ROOT / "deploy/grafana/build.py", "--check"], capture_output=True, text=True, check=False)
    expect(ran.returncode == 0, f"not what deploy/grafana/build.py makes: {ran.stdout}{ran.stderr}")
    golden = (ROOT / "tests/data/metrics.golden").read_text(encoding="utf-8")
    known = {line.split()[0] for line in golden.splitlines()} | OF_ACCOUNTS | {"up"}
    everything = dashboards.load()
    expect(set(everything) == {"crisis-room", "pipeline", "delivery", "process"}, f"dashboards: {set(everything)}")
    for name, d in everything.items():
        lint_frame(name, d)
        lint_places(name, d)
        for panel in dashboards.panels(d):
            lint_panel(f"{name}: '{panel['title']}'", panel)
        for where, expr in dashboards.expressions(d):
            lint_expression(f"{name}: {where}", expr, known)
    lint_schema(everything)
    lint_promql(everything)
    lint_coverage(everything, known)
    lint_rules(known)
    lint_routes()
    lint_provisioning()
    count = sum(1 for d in everything.values() for _ in dashboards.panels(d))
    print("\n".join(faults) or f"{count} panels, nothing to say")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
