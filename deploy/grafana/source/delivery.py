"""Delivery: whether pages arrive, how fast, and how well the team answered within its deadlines."""
from kit import *

RECEIVER = variable("receiver", "Receiver", f"label_values({of('surged_notification_queue')}, receiver)")
TO = 'receiver=~"$receiver"'
HERE = 'brand=~"$brand", platform=~"$platform"'
ON = 'platform=~"$platform"'
OK, NOT_OK, LOST = ', outcome="delivered"', ', outcome!="delivered"', ', outcome=~"rejected|failed"'
# Nothing waits: the age is 0, not absent.
OLDEST = (f"max by (receiver) (time() - {of('surged_notification_oldest_timestamp_seconds', TO)}) or "
          f"max by (receiver) (0 * {of('surged_notification_queue', TO)})")


def attempts(outcome):
    return f"sum by (receiver) ({increase('surged_notifications_total', TO + f', outcome={outcome}')})"


def head(page):
    alarm = steps((None, GREEN), (1, RED))
    page.add(stat("Waiting", "Pages that a receiver has not taken yet.", f"sum({of('surged_notification_queue', TO)})",
                  thresholds=steps((None, GREEN), (1, YELLOW), (5, RED)), mappings=nothing("0")), 4, 4)
    page.add(stat("Oldest waits", "How long ago the oldest waiting page was due.", f"max({OLDEST})", "s",
                  thresholds=steps((None, GREEN), (30, YELLOW), (120, RED)), mappings=nothing("none")), 4, 4)
    total = f"sum({increase('surged_notifications_total', TO)})"
    page.add(stat("Delivered", "Pages delivered in the time shown.",
                  f"sum({increase('surged_notifications_total', TO + OK)})", decimals=0), 4, 4)
    page.add(stat("Not delivered at once", "Share of the attempts in the time shown that were not a delivery.",
                  f"sum({increase('surged_notifications_total', TO + NOT_OK)}) / ({total} > 0) or 0 * {total}",
                  "percentunit",
                  thresholds=steps((None, GREEN), (0.05, YELLOW), (0.5, RED)), mappings=nothing("no attempt")), 4, 4)
    page.add(stat("Given up", "Pages in the time shown that a receiver refused or that failed for good: read the "
                  "journal for who was told instead.",
                  f"sum({increase('surged_notifications_total', TO + LOST)})", thresholds=alarm, decimals=0), 4, 4)
    page.add(stat("Delay, 99 %", "99 % of the pages in the time shown were delivered within this time of being due.",
                  quantile(0.99, "surged_notification_delay_seconds", "", TO, "$__range"), "s",
                  thresholds=steps((None, GREEN), (30, YELLOW), (120, RED)), mappings=nothing("no page")), 4, 4)



def pages(page):
    page.row("Pages")
    page.add(series("Attempts by outcome", "Attempts to deliver a page, all receivers together.",
                    [(f"sum by (outcome) ({rate('surged_notifications_total', TO)}) * 60", "{{outcome}}")], "opm",
                    stacked=True, overrides=[
                        override("delivered", color=fixed(GREEN)), override("retried", color=fixed(YELLOW)),
                        override("rejected", color=fixed(RED)), override("failed", color=fixed("dark-red"))]), 12, 8)
    page.add(series("Delivery delay", "From the instant a page was due to its delivery: half of the pages, and 99 %.",
                    [(quantile(0.5, "surged_notification_delay_seconds", "receiver", TO), "{{receiver}} 50 %"),
                     (quantile(0.99, "surged_notification_delay_seconds", "receiver", TO), "{{receiver}} 99 %")],
                    "s", custom={"showPoints": "auto"}), 12, 8)
    page.add(series("Queue", "Pages that wait for each receiver.",
                    [(f"max by (receiver) ({of('surged_notification_queue', TO)})", "{{receiver}}")], "none",
                    decimals=0, custom={"lineInterpolation": "stepAfter"}), 12, 8)
    page.add(series("Age of the oldest waiting page", "How long ago the oldest waiting page was due; 0 when none "
                    "waits.", [(OLDEST, "{{receiver}}")], "s"), 12, 8)
    page.add(table("Receivers", "Attempts in the time shown, and what waits now.",
                   [f"max by (receiver) ({of('surged_notification_queue', TO)})",
                    attempts('"delivered"'), attempts('"retried"'), attempts('"rejected"'), attempts('"failed"')],
                   {"receiver": "Receiver", "Value #A": "Waiting", "Value #B": "Delivered", "Value #C": "Retried",
                    "Value #D": "Rejected", "Value #E": "Failed"}, "none", "Failed", descending=True, decimals=0,
                   overrides=[override("Rejected", "Failed", thresholds=steps((None, "transparent"), (1, RED)),
                                       custom__cellOptions={"type": "color-background", "mode": "basic"})]), 24, 7)


def time_to(kind, title, description):
    name = f"surged_time_to_{kind}_seconds"
    return series(title, description, [
        (quantile(0.5, name, "platform", ON, "$__range"), "{{platform}} 50 %"),
        (quantile(0.9, name, "platform", ON, "$__range"), "{{platform}} 90 %")], "s")


def answers(page):
    page.row("Answers: incidents and deadlines in the time shown")
    page.add(bars("Clocks by how they ended", "Deadlines that ended in the time shown: met, breached, or dropped "
                  "because the incident closed first. Each counted once.",
                  f"sum by (kind, outcome) ({increase('surged_clocks_total', HERE)})", "{{kind}} {{outcome}}", "none",
                  steps((None, BLUE)), decimals=0), 8, 9)
    page.add(series("Incidents opened", "Incidents opened, by severity at opening.",
                    [(f"sum by (severity) ({increase('surged_incidents_opened_total', BRANDS)})", "{{severity}}")],
                    "none", decimals=0, overrides=[override("critical", color=fixed(RED)),
                                                   override("warning", color=fixed(ORANGE))]), 8, 9)
    page.add(series("Detection delay", "From the estimated beginning of a surge to its incident: half of them, and "
                    "90 %.", [
                        (quantile(0.5, "surged_detection_delay_seconds", "platform", ON, "$__range"),
                         "{{platform}} 50 %"),
                        (quantile(0.9, "surged_detection_delay_seconds", "platform", ON, "$__range"),
                         "{{platform}} 90 %")], "s"), 8, 9)
    page.add(time_to("acknowledge", "Time to acknowledge", "From the page to somebody who has it: half of them, "
                     "and 90 %."), 8, 8)
    page.add(time_to("respond", "Time to the first public word", "From the onset to the end of dead air: half of "
                     "them, and 90 %."), 8, 8)
    page.add(time_to("resolve", "Time to the full answer", "From the onset to the full answer: half of them, and "
                     "90 %."), 8, 8)


def build():
    page = Layout()
    head(page)
    pages(page)
    answers(page)
    return dashboard("surged-delivery", "surged / Delivery", "Pages and answers: who was told, how fast, with what "
                     "effect.", page, [BRAND, PLATFORM, RECEIVER], "now-24h", "30s")
