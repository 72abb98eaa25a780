"""Crisis room: what a wall screen shows while a brand is in trouble. The clocks first, counting down."""
from kit import *

UID = "surged-crisis-room"
NOT_CLOSED = 'brand=~"$brand", state!="closed"'
HERE = 'brand=~"$brand", platform=~"$platform"'
ONE = 'stream=~"$stream"'

# The nine streams that stand out most: a wall holds no more, and a daemon may read hundreds.
STAND_OUT = (
    "topk(9, sum by (stream) ("
    f"{tagged(of('surged_stream_score'), 'score')} or "
    f"{tagged('1 - ' + of('surged_stream_up'), 'blind')}"
    f") and on (stream) {of('surged_stream_surging', HERE)})")
STREAM = variable("stream", "Streams that stand out", f"query_result({STAND_OUT})",
                  regex='/stream="([^"]+)"/', sort=0)


def countdown(kind, title, description, red, orange):
    due = f"min by (brand, platform) ({of('surged_clock_due_timestamp_seconds', HERE, kind=kind)})"
    return stat(title, description, f"bottomk(1, {due}) - time()", "dthms", "{{brand}} on {{platform}}",
                steps((None, "dark-red"), (0, RED), (red, ORANGE), (orange, GREEN)), name=True,
                mappings=nothing("no clock runs"), noValue="no clock runs")


def count(title, description, expr, thresholds):
    return stat(title, description, expr, thresholds=thresholds, mappings=nothing("0"), noValue="0")


def clocks():
    by = "min by (brand, platform, kind)"
    due = f'{by} ({of("surged_clock_due_timestamp_seconds", HERE)})'
    used = f'max by (brand, platform, kind) ({of("surged_clock_budget_used_ratio", HERE)})'
    left = steps((None, "dark-red"), (0, RED), (300, ORANGE), (1800, GREEN))
    part = steps((None, GREEN), (0.5, YELLOW), (0.8, ORANGE), (1, RED))
    return table(
        "Clocks", "Every open deadline, the earliest of its brand, platform and kind first. `ago` means that it has "
        "passed and nobody has met it. `acknowledge`: somebody here has it; `respond`: the public has a first word "
        "from us; `resolve`: the full answer.",
        [f"{due} - time()", used, f"{due} * 1000"],
        {"brand": "Brand", "platform": "Platform", "kind": "Deadline", "Value #A": "Time left",
         "Value #B": "Used", "Value #C": "Due"},
        "none", "Time left", noValue="no clock runs", overrides=[
            override("Time left", unit="dthms", thresholds=left,
                     custom__cellOptions={"type": "color-background", "mode": "basic"}),
            override("Used", unit="percentunit", min=0, max=1, thresholds=part,
                     custom__cellOptions={"type": "gauge", "mode": "basic"}),
            override("Due", unit="dateTimeAsIsoNoDateIfToday")])


def states():
    """calm 0, learning 1, surge 2, blind 3: the most urgent that holds, by stream."""
    expr = "max by (stream) (" + " or ".join([
        tagged(of("surged_stream_learning", ONE), "learning"),
        tagged(f"2 * {of('surged_stream_surging', ONE)}", "surge"),
        tagged(f"3 - 3 * {of('surged_stream_up', ONE)}", "blind")]) + ")"
    return timeline(
        "Streams", "Each stream over time: in surge, blind (not read, so nothing is known), learning (less than a "
        "day of history) or calm. The nine that stand out most.", [(expr, "{{stream}}")],
        words(_0=("calm", GREEN), _1=("learning", BLUE), _2=("surge", RED), _3=("blind", PURPLE)))


def stream():
    shade = {"custom__axisPlacement": "hidden", "custom__lineWidth": 0, "custom__fillOpacity": 25,
             "custom__lineInterpolation": "stepAfter", "min": 0, "max": 1, "unit": "bool_yes_no",
             "custom__hideFrom": {"legend": True, "tooltip": False, "viz": False}}
    return series(
        "$stream", "Mentions of the last closed minute against what the stream's own history explains, and the number "
        "at which a page would be due. Red: in surge. Purple: blind.",
        [(f"max by (stream) ({of('surged_stream_observed_mentions', ONE)})", "observed"),
         (f"max by (stream) ({of('surged_stream_expected_mentions', ONE)})", "expected"),
         (f"max by (stream) ({of('surged_stream_upper_mentions', ONE)})", "a page is due"),
         (f"max by (stream) ({of('surged_stream_surging', ONE)})", "surge"),
         (f"max by (stream) (1 - {of('surged_stream_up', ONE)})", "blind")],
        "cpm", custom={"fillOpacity": 0}, extra={"repeat": "stream", "repeatDirection": "h", "maxPerRow": 3},
        overrides=[
            override("observed", color=fixed(BLUE), custom__lineWidth=3),
            override("expected", color=fixed(GREEN), custom__lineStyle={"fill": "dash", "dash": [8, 8]}),
            override("a page is due", color=fixed(ORANGE), custom__lineWidth=1, custom__fillBelowTo="expected",
                     custom__fillOpacity=8),
            override("surge", color=fixed(RED), **shade), override("blind", color=fixed(PURPLE), **shade)])


def build():
    alarm = steps((None, GREEN), (1, RED))
    page = Layout()
    page.add(countdown("acknowledge", "Acknowledge", "Time until somebody here must have taken the incident: the "
                       "earliest open deadline. `ago`: it has passed.", 120, 300), 8, 7)
    page.add(countdown("respond", "Answer in public", "Time until the public must have had a first word from us: the "
                       "end of dead air. The earliest open deadline. `ago`: it has passed.", 600, 1800), 8, 7)
    page.add(countdown("resolve", "Full answer", "Time until the public must have had the full answer. The earliest "
                       "open deadline. `ago`: it has passed.", 900, 3600), 8, 7)

    page.add(count("Open incidents", "Incidents that are not closed.",
                   f"sum({of('surged_incidents', NOT_CLOSED)})",
                   steps((None, GREEN), (1, ORANGE))), 4, 4)
    page.add(count("Nobody has it", "Incidents that nobody has acknowledged.",
                   f"sum({of('surged_incidents', BRANDS, state='open')})", alarm), 4, 4)
    page.add(count("Deadlines passed", "Kinds of deadline, by brand and platform, that are open and past due.",
                   f"count({of('surged_clock_budget_used_ratio', HERE)} > 1) or "
                   f"0 * sum({of('surged_incidents', BRANDS)})", alarm), 4, 4)
    page.add(count("Streams in surge", "Streams whose mentions stand above what their history explains.",
                   f"sum({of('surged_stream_surging', HERE)})", steps((None, GREEN), (1, ORANGE))), 4, 4)
    page.add(count("Blind streams", "Streams that are not read: silence there means nothing.",
                   f"sum({of('surged_streams_blind', HERE)})", steps((None, GREEN), (1, PURPLE))), 4, 4)
    page.add(count("Pages waiting", "Pages that no receiver has taken yet.",
                   f"sum({of('surged_notification_queue')})", steps((None, GREEN), (1, YELLOW), (5, RED))), 4, 4)

    page.add(clocks(), 14, 9)
    page.add(series(
        "Incidents by state", "Incidents that are not closed, by the furthest state they have reached.",
        [(f"sum by (state) ({of('surged_incidents', NOT_CLOSED)})", "{{state}}")], "none",
        stacked=True, decimals=0, custom={"lineInterpolation": "stepAfter"}, overrides=[
            override("open", color=fixed(RED)), override("acknowledged", color=fixed(ORANGE)),
            override("responded", color=fixed(YELLOW)), override("resolved", color=fixed(GREEN))]), 10, 9)

    page.add(states(), 24, 8)
    page.row("Streams that stand out")
    page.add(stream(), 8, 8)
    return dashboard(
        UID, "surged / Crisis room", "Clocks, incidents and streams: for a wall screen.", page,
        [BRAND, PLATFORM, STREAM], "now-3h", "10s",
        [event("Incidents opened", RED,
               f"sum by (brand, severity) (increase({of('surged_incidents_opened_total', BRANDS, '1m')})) > 0",
               "Incident opened", "{{severity}}: {{brand}}", at_value=False),
         event("Clocks due", ORANGE, f"{of('surged_clock_due_timestamp_seconds', HERE)} * 1000", "Due",
               "{{kind}} {{brand}} on {{platform}}")])
