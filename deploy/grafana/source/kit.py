"""What the four dashboards are built from: selectors, panels, a 24-column layout, the shared frame.

The frame follows the rules of grafana/dashboard-linter: one data source variable, `job` and `instance` on every
selector, `$__rate_interval` in every rate, a title, a description and a unit on every panel.
"""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WHICH = 'job=~"$job", instance=~"$instance"'

GREEN, BLUE, YELLOW, ORANGE, RED, PURPLE, GREY = (
    "green", "blue", "yellow", "orange", "red", "purple", "#808080")


def of(metric, matchers="", window="", **equal):
    """A selector of ours: metric{job, instance, matchers, equal}[window]."""
    inner = ", ".join([WHICH] + ([matchers] if matchers else []) + [f'{k}="{v}"' for k, v in equal.items()])
    return f"{metric}{{{inner}}}" + (f"[{window}]" if window else "")


def tagged(expr, tag):
    """The same series under one more label, so that `or` keeps those of both sides."""
    return f'label_replace({expr}, "of", "{tag}", "", "")'


def rate(metric, matchers=""):
    return f"rate({of(metric, matchers, '$__rate_interval')})"


def increase(metric, matchers=""):
    """Over the whole range shown: for stats and tables."""
    return f"increase({of(metric, matchers, '$__range')})"


def quantile(q, metric, by, matchers="", over="$__rate_interval"):
    """over: rates need $__rate_interval; what happens a few times a week is asked over $__range."""
    how = "rate" if over == "$__rate_interval" else "increase"
    inner = f"{how}({of(metric + '_bucket', matchers, over)})"
    return f"histogram_quantile({q}, sum by (le{', ' + by if by else ''}) ({inner}))"


def target(expr, legend="", ref="A", instant=False, table=False):
    out = {"refId": ref, "datasource": DATASOURCE, "expr": expr, "legendFormat": legend or "__auto"}
    out |= {"instant": True, "range": False} if instant else {"instant": False, "range": True}
    out["format"] = "table" if table else "time_series"
    return out


def steps(*pairs):
    """steps((None, green), (1, red)): the first holds from minus infinity."""
    return {"mode": "absolute", "steps": [{"value": v, "color": c} for v, c in pairs]}


def words(**texts):
    """Value mappings: words(_0=("calm", green))."""
    return [{"type": "value", "options": {
        key.strip("_"): {"text": text, "color": color, "index": i}
        for i, (key, (text, color)) in enumerate(texts.items())}}]


def nothing(text, color=GREEN):
    """What a stat shows when there is no series: it must not look like an alarm."""
    return [{"type": "special", "options": {
        "match": "null+nan", "result": {"text": text, "color": color, "index": 0}}}]


def override(*names, **properties):
    """Properties of series or columns by name; __ stands for a dot: custom__cellOptions. Grafana's published schema
    wants objects for the matcher's options and for every value: what is a number or a word stands in the defaults."""
    return {"matcher": {"id": "byNames", "options": {"mode": "include", "names": list(names), "readOnly": False}},
            "properties": [{"id": k.replace("__", "."), "value": v} for k, v in properties.items()]}


def fixed(color):
    return {"mode": "fixed", "fixedColor": color}


def panel(kind, title, description, targets, unit, options, **field):
    defaults = {"unit": unit, "color": {"mode": "palette-classic"}, "mappings": [],
                "thresholds": steps((None, GREEN))}
    overrides = field.pop("overrides", [])
    extra = field.pop("extra", {})
    defaults |= field
    if unit == "dthms":  # without it Grafana takes the text for a number whose zeros can be cut
        defaults["decimals"] = 0
    for n, t in enumerate(targets):
        t["refId"] = chr(ord("A") + n)
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE,
            "targets": targets, "options": options,
            "fieldConfig": {"defaults": defaults, "overrides": overrides}} | extra


def stat(title, description, expr, unit="none", legend="", thresholds=None, show="value", **field):
    """show: value, name, or value_and_name."""
    options = {"graphMode": "none", "colorMode": "background", "justifyMode": "center",
               "orientation": "auto", "textMode": show, "wideLayout": True,
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    field = {"color": {"mode": "thresholds"}, "thresholds": thresholds or steps((None, BLUE))} | field
    return panel("stat", title, description, [target(expr, legend, instant=True)], unit, options, **field)


def series(title, description, targets, unit, legend=True, stacked=False, custom=None, **field):
    """targets: (expr, legend) pairs. One line without a name needs no legend."""
    style = {"drawStyle": "line", "lineWidth": 2, "fillOpacity": 10, "showPoints": "never", "spanNulls": False,
             "lineInterpolation": "linear", "stacking": {"mode": "normal" if stacked else "none", "group": "A"}}
    if stacked:
        style |= {"fillOpacity": 60, "lineWidth": 1}
    options = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": legend, "calcs": []},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", title, description, [target(e, l) for e, l in targets], unit, options,
                 custom=style | (custom or {}), **({"min": 0} | field))


def timeline(title, description, targets, mappings, **field):
    options = {"showValue": "never", "rowHeight": 0.85, "mergeValues": True, "alignValue": "left",
               "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
               "tooltip": {"mode": "single", "sort": "none"}}
    return panel("state-timeline", title, description, [target(e, l) for e, l in targets], "none", options,
                 mappings=mappings, custom={"lineWidth": 0, "fillOpacity": 85},
                 **({"color": {"mode": "thresholds"}} | field))


def bars(title, description, expr, legend, unit, thresholds, **field):
    options = {"displayMode": "lcd", "orientation": "horizontal", "valueMode": "color", "showUnfilled": True,
               "minVizWidth": 8, "minVizHeight": 16,
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return panel("bargauge", title, description, [target(expr, legend, instant=True)], unit, options,
                 **({"color": {"mode": "thresholds"}, "thresholds": thresholds, "min": 0} | field))


def table(title, description, exprs, columns, unit, sort, descending=False, **field):
    """exprs: instant queries; columns: {"Value #A": "Time left", "brand": "Brand"} in the order shown."""
    return panel("table", title, description, [target(e, instant=True, table=True) for e in exprs], unit,
                 {"showHeader": True, "cellHeight": "md", "footer": {"show": False, "reducer": ["sum"], "fields": ""},
                  "sortBy": [{"displayName": sort, "desc": descending}]},
                 custom={"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
                 extra={"transformations": [
                     {"id": "merge", "options": {}},
                     {"id": "organize", "options": {
                         "excludeByName": {"Time": True},
                         "indexByName": {name: i for i, name in enumerate(columns)},
                         "renameByName": columns}}]}, **field)


class Layout:
    """Places panels from left to right on 24 columns; a row begins a new line with a heading."""

    def __init__(self):
        self.panels, self.x, self.y, self.height = [], 0, 0, 0

    def wrap(self):
        self.x, self.y, self.height = 0, self.y + self.height, 0

    def row(self, title):
        self.wrap()
        self.panels.append({"type": "row", "title": title, "collapsed": False, "panels": [],
                            "id": len(self.panels) + 1, "gridPos": {"h": 1, "w": 24, "x": 0, "y": self.y}})
        self.y += 1

    def add(self, panel, w, h):
        if self.x + w > 24:
            self.wrap()
        self.panels.append(panel | {"id": len(self.panels) + 1,
                                    "gridPos": {"h": h, "w": w, "x": self.x, "y": self.y}})
        self.x, self.height = self.x + w, max(self.height, h)


def variable(name, label, query, **more):
    """A choice of label values; all of them unless somebody chooses."""
    return {"type": "query", "name": name, "label": label, "datasource": DATASOURCE, "query": query, "refresh": 2,
            "sort": 1, "multi": True, "includeAll": True, "allValue": ".+", "hide": 0, "skipUrlSync": False,
            "current": {"text": "All", "value": "$__all"}, "options": [], "regex": ""} | more


BRAND = variable("brand", "Brand", f"label_values({of('surged_incidents')}, brand)")
BRANDS = 'brand=~"$brand"'
PLATFORM = variable("platform", "Platform", f"label_values({of('surged_stream_surging', BRANDS)}, platform)")


def event(name, color, expr, title, text, at_value=True):
    """A mark; at_value: at the instant that the value itself names, in milliseconds."""
    return {"name": name, "datasource": DATASOURCE, "enable": True, "hide": False, "iconColor": color, "expr": expr,
            "titleFormat": title, "textFormat": text, "useValueForTime": at_value, "step": "1m"}


def dashboard(uid, title, description, layout, variables, since, refresh, annotations=()):
    return {
        "uid": uid, "title": title, "description": description, "tags": ["surged"], "schemaVersion": 39, "version": 1,
        "editable": False, "graphTooltip": 1, "timezone": "browser", "refresh": refresh,
        "time": {"from": since, "to": "now"}, "fiscalYearStartMonth": 0, "weekStart": "",
        "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]},
        "links": [
            {"type": "dashboards", "title": "surged", "icon": "external link", "tooltip": "The other dashboards",
             "tags": ["surged"], "asDropdown": True, "targetBlank": False, "includeVars": True, "keepTime": True,
             "url": ""},
            {"type": "link", "title": "Console", "icon": "dashboard", "tooltip": "surged's own console: the incidents",
             "tags": [], "asDropdown": False, "targetBlank": True, "includeVars": False, "keepTime": False,
             "url": "${console}"}],
        "templating": {"list": [
            {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "refresh": 1,
             "hide": 0, "multi": False, "includeAll": False, "regex": "", "skipUrlSync": False, "options": [],
             "current": {"text": "default", "value": "default"}},
            variable("job", "Job", "label_values(surged_build_info, job)"),
            variable("instance", "Instance", 'label_values(surged_build_info{job=~"$job"}, instance)'),
            *variables,
            {"type": "textbox", "name": "console", "label": "Console", "query": "http://127.0.0.1:9477", "hide": 2,
             "skipUrlSync": False, "options": [{"text": "http://127.0.0.1:9477", "value": "http://127.0.0.1:9477",
                                                "selected": True}],
             "current": {"text": "http://127.0.0.1:9477", "value": "http://127.0.0.1:9477"}}]},
        "annotations": {"list": [
            event("Starts", BLUE, f"{of('process_start_time_seconds')} * 1000", "surged started", "{{instance}}"),
            *annotations]},
        "panels": layout.panels}
