"""Process: the daemon itself. Version, configuration, event loop, state directory, machine."""
from kit import *

BY = "max by (instance)"


def head(page):
    page.add(stat("Up", "Whether Prometheus reaches it.", f"min({of('up')})",
                  thresholds=steps((None, RED), (1, GREEN)), mappings=words(_0=("down", RED), _1=("up", GREEN))), 4, 4)
    page.add(stat("Version", "Version and revision that run.",
                  f"max by (version, revision) ({of('surged_build_info')})", "none", "{{version}} {{revision}}",
                  show="name"), 4, 4)
    page.add(stat("Runs since", "Time since the process started.",
                  f"time() - max({of('process_start_time_seconds')})", "dtdurations", decimals=1,
                  thresholds=steps((None, YELLOW), (900, GREEN))), 4, 4)
    page.add(stat("Configuration", "Whether the last load of the configuration was accepted; if not, the one before "
                  "is in force.", f"min({of('surged_config_last_reload_successful')})",
                  thresholds=steps((None, RED), (1, GREEN)),
                  mappings=words(_0=("invalid", RED), _1=("accepted", GREEN))), 4, 4)
    page.add(stat("Accepted", "Time since a configuration was last accepted.",
                  f"time() - max({of('surged_config_last_reload_timestamp_seconds')})", "dtdurations", decimals=1), 4, 4)
    page.add(stat("Errors", "Failed writes of the state directory and tasks that died of a bug, in the time shown.",
                  f"sum({increase('surged_storage_errors_total')}) + sum({increase('surged_task_deaths_total')})",
                  thresholds=steps((None, GREEN), (1, RED)), decimals=0), 4, 4)


def loop(page):
    page.row("Event loop")
    page.add(series("Loop lag", "How late the event loop runs a timer: half of the time, and 99 % of it. Everything "
                    "waits for this loop.",
                    [(quantile(0.5, "surged_loop_lag_seconds", "instance"), "{{instance}} 50 %"),
                     (quantile(0.99, "surged_loop_lag_seconds", "instance"), "{{instance}} 99 %")], "s"), 12, 8)
    page.add(series("Processor", "Share of one processor that the daemon uses.",
                    [(f"sum by (instance) ({rate('process_cpu_seconds_total')})", "{{instance}}")],
                    "percentunit"), 12, 8)


def state(page):
    page.row("State directory")
    page.add(series("Size", "The database, its write-ahead log, and space inside that is free to be used again.",
                    [(f"max by (instance, kind) ({of('surged_storage_bytes')})", "{{instance}} {{kind}}")],
                    "bytes"), 12, 8)
    page.add(series("Failed writes", "A failing disk: polling stops where it cannot be recorded, pages go out from "
                    "memory.", [(f"sum by (instance, kind) ({rate('surged_storage_errors_total')}) * 60",
                                 "{{instance}} {{kind}}")], "opm"), 12, 8)


def machine(page):
    page.row("Process")
    page.add(series("Memory", "Resident memory.",
                    [(f"{BY} ({of('process_resident_memory_bytes')})", "{{instance}} resident")], "bytes"), 8, 8)
    page.add(series("Open files", "File descriptors in use, as a share of those allowed.",
                    [(f"{BY} ({of('process_open_fds')}) / {BY} ({of('process_max_fds')})", "{{instance}}")],
                    "percentunit", max=1), 8, 8)
    page.add(series("Address space", "Virtual memory.",
                    [(f"{BY} ({of('process_virtual_memory_bytes')})", "{{instance}}")], "bytes"), 8, 8)
    page.add(bars("Tasks that died", "Tasks that ended by a bug in the time shown. The process then stops, and "
                  "systemd starts it again.", f"sum by (task) ({increase('surged_task_deaths_total')})", "{{task}}",
                  "none", steps((None, GREEN), (1, RED)), decimals=0), 12, 7)
    page.add(series("Starts", "Starts of the process in the time shown.",
                    [(f"sum by (instance) (changes({of('process_start_time_seconds', '', '$__range')}))",
                      "{{instance}}")], "none", decimals=0), 12, 7)


def build():
    page = Layout()
    for part in (head, loop, state, machine):
        part(page)
    return dashboard("surged-process", "surged / Process", "The daemon itself.", page, [], "now-6h", "30s", [
        event("Configurations", GREEN, f"{of('surged_config_last_reload_timestamp_seconds')} * 1000",
              "Configuration accepted", "{{instance}}")])
