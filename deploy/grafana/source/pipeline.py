"""Pipeline: whether the platforms are read, how far behind, what was thrown away, what reading may still cost."""
from kit import *

READ = 'platform=~"$platform"'
ONE = 'stream=~"$stream"'
ACCOUNT = variable("account", "Account", f"label_values({of('surged_poll_requests_total', READ)}, account)")
STREAM = variable("stream", "Stream", f"label_values({of('surged_stream_surging', BRANDS + ', ' + READ)}, stream)")
BUDGET = 'account=~"$account"'
ASKED = READ + ", " + BUDGET
FAILED = ASKED + ', outcome!="ok"'


def head(page):
    page.add(stat("Streams read", "Streams that are read at present.",
                  f"sum({of('surged_stream_up', ONE)})"), 4, 4)
    page.add(stat("Blind", "Streams of which nothing is known at present.",
                  f"sum({of('surged_streams_blind', BRANDS + ', ' + READ)})",
                  thresholds=steps((None, GREEN), (1, PURPLE)), mappings=nothing("0")), 4, 4)
    page.add(stat("Learning", "Streams with less than a day of history: their surges are found later.",
                  f"sum({of('surged_stream_learning', ONE)})",
                  thresholds=steps((None, GREEN), (1, BLUE)), mappings=nothing("0")), 4, 4)
    page.add(stat("Furthest behind", "Age of the event time up to which the slowest stream is complete.",
                  f"max(time() - {of('surged_stream_covered_until_timestamp_seconds', ONE)})", "s",
                  thresholds=steps((None, GREEN), (900, YELLOW), (3600, RED)),
                  mappings=nothing("nothing covered")), 4, 4)
    page.add(stat("Requests that fail", "Share of all requests to platforms in the time shown that did not succeed.",
                  f"sum({increase('surged_poll_requests_total', FAILED)}) / "
                  f"sum({increase('surged_poll_requests_total', ASKED)})", "percentunit",
                  thresholds=steps((None, GREEN), (0.05, YELLOW), (0.5, RED)), mappings=nothing("none asked")), 4, 4)
    page.add(stat("Dearest budget", "The account's own budget of which most is used in its window.",
                  f"max({of('surged_budget_used_ratio', BUDGET)})", "percentunit",
                  thresholds=steps((None, GREEN), (0.8, YELLOW), (0.95, RED)),
                  mappings=nothing("no budget")), 4, 4)


def reading(page):
    page.row("Reading")
    page.add(series("Requests by outcome", "Requests to platforms, all accounts together. `budget`: the platform "
                    "says that what may be read is used up.",
                    [(f"sum by (outcome) ({rate('surged_poll_requests_total', ASKED)}) > 0", "{{outcome}}")],
                    "reqps", stacked=True, overrides=[override("ok", color=fixed(GREEN))]), 12, 8)
    page.add(series("Requests that fail, by account", "Share of an account's requests that did not succeed.",
                    [(f"sum by (account) ({rate('surged_poll_requests_total', FAILED)}) / "
                      f"sum by (account) ({rate('surged_poll_requests_total', ASKED)})", "{{account}}")],
                    "percentunit", max=1), 12, 8)
    page.add(series("Since the last success, in polls", "Time since a stream was last read, as a multiple of its wait "
                    "between polls: 1 is on time; from 3 (and 5 minutes) on it is blind.",
                    [(f"(time() - max by (stream) ({of('surged_poll_last_success_timestamp_seconds', ONE)})) / "
                      f"max by (stream) ({of('surged_poll_interval_seconds', ONE)})", "{{stream}}")], "short",
                    thresholds=steps((None, "transparent"), (3, RED)),
                    custom={"thresholdsStyle": {"mode": "line"}}), 12, 8)
    page.add(series("Behind now", "Age of the event time up to which a stream is complete: what was posted since then "
                    "is not judged yet.",
                    [(f"time() - max by (stream) ({of('surged_stream_covered_until_timestamp_seconds', ONE)})",
                      "{{stream}}")], "s"), 12, 8)
    page.add(series("Wait between polls", "The wait before a stream's next poll: it grows when a platform throttles "
                    "or a budget runs low.",
                    [(f"max by (stream) ({of('surged_poll_interval_seconds', ONE)})", "{{stream}}")], "s",
                    custom={"lineInterpolation": "stepAfter"}), 8, 8)
    page.add(series("Duration of a request", "95 % of the requests to a platform took less, name resolution to last "
                    "byte.",
                    [(quantile(0.95, "surged_poll_duration_seconds", "platform", READ), "{{platform}}")], "s"), 8, 8)
    page.add(series("Further pages", "Pages after the first of a walk: history at a first start, and what an outage "
                    "or a surge left behind.",
                    [(f"sum by (stream) ({rate('surged_poll_backfill_pages_total', ONE)}) * 60", "{{stream}}")],
                    "opm"), 8, 8)
    page.add(timeline("Read or blind", "Whether each stream is read.",
                      [(f"max by (stream) ({of('surged_stream_up', ONE)})", "{{stream}}")],
                      words(_0=("blind", PURPLE), _1=("read", GREEN))), 12, 8)
    page.add(timeline("Score", "How much a stream's last minute looks like a surge, 0 to 1.",
                      [(f"max by (stream) ({of('surged_stream_score', ONE)})", "{{stream}}")], [],
                      thresholds=steps((None, GREEN), (0.5, YELLOW), (0.8, ORANGE), (0.95, RED)), min=0, max=1,
                      decimals=2), 12, 8)


def mentions(page):
    page.row("Mentions")
    page.add(series("Mentions by platform", "Distinct mentions counted, when they were read.",
                    [(f"sum by (platform) ({rate('surged_mentions_total', BRANDS + ', ' + READ)}) * 60",
                      "{{platform}}")], "cpm", stacked=True), 8, 8)
    page.add(series("Discarded by reason", "Mentions not counted: seen before, excluded by the configuration, not "
                    "understood, or dated in the future.",
                    [(f"sum by (reason) ({rate('surged_mentions_discarded_total', ONE)}) * 60", "{{reason}}")],
                    "cpm"), 8, 8)
    page.add(series("Late", "Mentions that came after their minute was judged: counted, not scored.",
                    [(f"sum by (stream) ({rate('surged_mentions_late_total', ONE)}) * 60", "{{stream}}")], "cpm"), 8, 8)
    page.add(bars("Gaps in the time shown", "Event time that a platform could no longer tell: nothing is known of it, "
                  "and it is never taken for zero.",
                  f"sum by (stream) ({increase('surged_stream_gap_seconds_total', ONE)})", "{{stream}}", "s",
                  steps((None, GREEN), (1, YELLOW), (3600, RED))), 24, 6)


def limits(page):
    page.row("Limits and budgets")
    page.add(bars("Our budgets", "Share of each account's own budget that is used in its window; the dearest window "
                  "of a kind.", f"max by (account, kind) ({of('surged_budget_used_ratio', BUDGET)})",
                  "{{account}} {{kind}}", "percentunit",
                  steps((None, GREEN), (0.64, YELLOW), (0.8, ORANGE), (0.95, RED)), max=1), 8, 8)
    page.add(series("Left of the platform's limits", "What the platform last said is left.",
                    [(f"min by (account, kind) ({of('surged_rate_limit_remaining', BUDGET)})",
                      "{{account}} {{kind}}")], "short"), 8, 8)
    page.add(table("Limits begin anew", "When each of the platform's limits begins anew. `ago`: it has, and the "
                   "account was not asked since.",
                   [f"max by (account, kind) ({of('surged_rate_limit_reset_timestamp_seconds', BUDGET)}) - time()"],
                   {"account": "Account", "kind": "Kind", "Value": "In", "Value #A": "In"}, "dthms", "In"), 8, 8)


def build():
    page = Layout()
    head(page)
    reading(page)
    mentions(page)
    limits(page)
    return dashboard("surged-pipeline", "surged / Pipeline", "Reading the platforms: coverage, requests, limits.",
                     page, [BRAND, PLATFORM, STREAM, ACCOUNT], "now-3h", "30s")
