"""Crisis room: what a wall screen shows while a brand is in trouble. The clocks first, counting down."""
from kit import *

UID = "surged-crisis-room"
NOT_CLOSED = 'brand=~"$brand", state!="closed"'
HERE = 'brand=~"$brand", platform=~"$platform"'
ONE = 'stream=~"$stream"'

# The nine streams that stand out most: a wall holds no more, and a daemon may read hundreds. "All" is these nine.
STAND_OUT = (
    "topk(9, sum by (stream) ("
    f"{tagged(of('surged_stream_score'), 'score')} or "
    f"{tagged('1 - ' + of('surged_stream_up'), 'blind')}"
    f") and on (stream) {of('surged_stream_surging', HERE)})")
STREAM = variable("stream", "Streams that stand out", f"query_result({STAND_OUT})",
                  regex='/stream="([^"]+)"/', sort=0, allValue="")


def countdown(kind, title, description, red, orange):
    due = f"min by (brand, platform) ({of('surged_clock_due_timestamp_seconds', HERE, kind=kind)})"
    return stat(title, description, f"bottomk(1, {due}) - time()", "dthms", "{{brand}} on {{platform}}",
                steps((None, "dark-red"), (0, RED), (red, ORANGE), (orange, GREEN)), show="value_and_name",
                mappings=nothing("no clock runs"), noValue="no clock runs")


def count(title, description, expr, thresholds):
    return stat(title, description, expr, thresholds=thresholds, mappings=nothing("0"), noValue="0")


def clocks():
    due = f"min by (brand, platform, kind) ({of('surged_clock_due_timestamp_seconds', HERE)})"
    return table(
        "Clocks", "Every open deadline, the earliest of its brand, platform and kind. `ago`: it has passed and nobody "
        "has met it. `acknowledge`: somebody here has it; `respond`: the public has a first word from us; `resolve`: "
        "the full answer.", [f"{due} - time()"],
        {"kind": "Deadline", "platform": "Platform", "brand": "Brand", "Value": "Time left", "Value #A": "Time left"},
        "dthms", "Time left", noValue="no clock runs", color={"mode": "thresholds"},
        thresholds=steps((None, "dark-red"), (0, RED), (300, ORANGE), (1800, GREEN)),
        overrides=[override("Time left", custom__cellOptions={"type": "color-background", "mode": "basic"})])


def used():
    expr = f"max by (brand, platform, kind) ({of('surged_clock_budget_used_ratio', HERE)})"
    return bars("Time used", "Share of each open deadline's time that is gone; over 100 % it has passed.",
                f"sort_desc({expr})", "{{kind}} {{brand}} on {{platform}}", "percentunit",
                steps((None, GREEN), (0.5, YELLOW), (0.8, ORANGE), (1, RED)), max=1, noValue="no clock runs")


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
    observed, upper = of("surged_stream_observed_mentions", ONE), of("surged_stream_upper_mentions", ONE)
    height = f"max by (stream) ({tagged(observed, 'observed')} or {tagged(upper, 'upper')})"
    return series(
        "$stream", "Mentions of the last closed minute against what the stream's own history explains, and the number "
        "at which a page would be due. The area is red while the stream is in surge, purple while it is blind.",
        [(f"max by (stream) ({observed})", "observed"),
         (f"max by (stream) ({of('surged_stream_expected_mentions', ONE)})", "expected"),
         (f"max by (stream) ({upper})", "a page is due"),
         (f"(max by (stream) ({of('surged_stream_surging', ONE)}) == 1) * {height}", "surge"),
         (f"(max by (stream) (1 - {of('surged_stream_up', ONE)}) == 1) * {height}", "blind")],
        "cpm", custom={"fillOpacity": 18, "gradientMode": "opacity"},
        extra={"repeat": "stream", "repeatDirection": "h", "maxPerRow": 3}, overrides=[
            override("observed", color=fixed(BLUE)), override("surge", color=fixed(RED)),
            override("expected", color=fixed(GREEN), custom__lineStyle={"fill": "dash", "dash": [8, 8]}),
            override("a page is due", color=fixed(ORANGE), custom__lineStyle={"fill": "dot", "dash": [2, 6]}),
            override("blind", color=fixed(PURPLE))])


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

    page.add(clocks(), 10, 9)
    page.add(used(), 7, 9)
    page.add(series(
        "Incidents by state", "Incidents that are not closed, by the furthest state they have reached.",
        [(f"sum by (state) ({of('surged_incidents', NOT_CLOSED)})", "{{state}}")], "none",
        stacked=True, decimals=0, custom={"lineInterpolation": "stepAfter"}, overrides=[
            override("open", color=fixed(RED)), override("acknowledged", color=fixed(ORANGE)),
            override("responded", color=fixed(YELLOW)), override("resolved", color=fixed(GREEN))]), 7, 9)

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
