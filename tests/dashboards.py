"""The dashboards as data: what the checks of dashboards_lint.py and dashboards_net.py both read."""
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
DASHBOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
RULES = ROOT / "deploy/prometheus/surged.rules.yml"

# A metric with what stands in braces behind it, if anything does.
SELECTOR = re.compile(r"\b((?:surged|process)_[a-z_]+|up)\b(\{[^}]*\})?")


def load():
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS}


def panels(dashboard):
    """All that are not headings, also those inside a collapsed row."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def expressions(dashboard):
    """(where, expr) of every panel, annotation and variable that asks Prometheus."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield f"panel '{panel['title']}' {target['refId']}", target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield f"annotation '{annotation['name']}'", annotation["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable '{variable['name']}'", variable_expression(variable["query"])[0]


def variable_expression(query):
    """label_values(EXPR, LABEL) or query_result(EXPR): (EXPR, LABEL or None)."""
    if inner := re.fullmatch(r"label_values\((.*), (\w+)\)", query):
        return inner[1], inner[2]
    if inner := re.fullmatch(r"query_result\((.*)\)", query):
        return inner[1], None
    raise ValueError(f"not a query of a variable: {query}")


def selectors(expr):
    """(metric, braces) of each selector; a recorded name (level:metric:operation) is not one of ours."""
    for match in SELECTOR.finditer(expr):
        before = expr[match.start() - 1: match.start()]
        after = expr[match.end(1): match.end(1) + 1]
        if before not in (":", '"', "'") and after != ":":
            yield match[1], match[2] or ""


def family(metric):
    """The family of a series: what /metrics declares with # TYPE."""
    return re.sub(r"_(bucket|sum|count)$", "", metric) if metric.startswith("surged_") else metric


def filled(expr, rate="5m", span="1h"):
    """The expression as Grafana would send it with everything chosen."""
    expr = expr.replace("$__rate_interval", rate).replace("$__range", span).replace("$__interval", "1m")
    return re.sub(r"\$\{?[a-z]+\}?", ".+", expr)
