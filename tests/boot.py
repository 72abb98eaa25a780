#!/usr/bin/env python3
"""The package as an operator meets it: installed, run, hurt, upgraded and purged under a real systemd.

boot.py DIRECTORY_OF_THE_DEB SCRATCH. Boots a Debian tree in systemd-nspawn, with a network of its own. Exit 77, with the
reason, where that cannot be: not root, no systemd-nspawn, no mmdebstrap, no package (`deploy/setup.sh deb`).
"""
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
import guide

TOOLS = ["systemd", "systemd-sysv", "dbus", "python3", "curl", "sqlite3", "openssl"]
TOKEN = "--token-file /etc/surged/secrets/oncall"
PAGER = "http://127.0.0.1:8080"
RECEIVER = f'''
import http.server
class Pager(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/root/pages", "ab") as out:
            out.write(body + b"\\n")
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b'{{"status":"success"}}')
http.server.ThreadingHTTPServer(("127.0.0.1", {PAGER.rsplit(":", 1)[1]}), Pager).serve_forever()
'''


def skip(reason):
    print(f"nothing was booted: {reason}")
    sys.exit(77)


def eventually(what, look, patience=30):
    end = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(what)
        time.sleep(0.1)  # a real machine cannot be waited for on virtual time


def dependencies(deb):
    """Names of what the package needs, first alternatives."""
    text = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], check=True, capture_output=True, text=True).stdout
    return [re.split(r"[ |(]", part.strip())[0] for part in text.split(",") if part.strip()]


def base_tree(deb, scratch):
    """A minimal Debian with the package's dependencies, made once per set of them: inside there is no network."""
    wanted = sorted(set(TOOLS + dependencies(deb)))
    base = scratch / ("base-" + hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:12])
    if not base.exists():
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        with open(scratch / "mmdebstrap.log", "wb") as log:
            made = subprocess.run(["mmdebstrap", "--variant=minbase", "--include=" + ",".join(wanted), "bookworm",
                                   str(base) + ".new"], stdout=log, stderr=log, check=False, timeout=600)
        if made.returncode != 0:
            skip("mmdebstrap made no tree: " + (scratch / "mmdebstrap.log").read_text()[-500:])
        os.rename(str(base) + ".new", base)
    return base


class Machine:
    def __init__(self, base, scratch):
        self.tree = scratch / "machine"
        shutil.rmtree(self.tree, ignore_errors=True)
        subprocess.run(["cp", "-a", base, self.tree], check=True)
        with open(scratch / "nspawn.log", "wb") as log:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "-b", "-D", self.tree, "-M", f"surged-{os.getpid()}", "--register=no", "--keep-unit",
                 "--console=pipe", "--private-network"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.leader = None
        try:
            self.leader = eventually("systemd-nspawn starts an init", self.find_leader, 20)
            eventually("systemd boots", lambda: self.try_run("systemctl is-system-running").stdout.strip()
                       in ("running", "degraded"), 60)
        except AssertionError as error:
            self.off()
            skip(f"{error}: " + (scratch / "nspawn.log").read_text()[-500:])

    def find_leader(self):
        found = subprocess.run(["pgrep", "-P", str(self.nspawn.pid)], capture_output=True, text=True, check=False)
        return found.stdout.split()[0] if found.stdout.split() else None

    def try_run(self, command, stdin=""):
        return subprocess.run(["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-C", "--", "env", "-i",
                               "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
                               "DEBIAN_FRONTEND=noninteractive", "sh", "-c", "cd /root\n" + command], input=stdin,
                              capture_output=True, text=True, timeout=120, check=False)

    def run(self, command, stdin="", code=0):
        done = self.try_run(command, stdin)
        assert done.returncode == code, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path, text, mode=0o644):
        file = self.tree / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def read(self, path):
        file = self.tree / path.lstrip("/")
        return file.read_text() if file.exists() else ""

    def property(self, name):
        return self.run(f"systemctl show surged -P {name}").strip()

    def off(self):
        if self.leader:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self.leader), signal.SIGRTMIN + 4)  # systemd: power off
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.nspawn.wait(30)
        if self.nspawn.poll() is None:
            self.nspawn.kill()
            self.nspawn.wait()


class Story:
    """The guides in the order in which a machine lives through them, and what happens between."""

    def __init__(self, machine, deb, next_deb):
        self.m, self.told, self.incident = machine, 0, ""
        self.files = {deb.name: deb, next_deb.name: next_deb}
        self.typed = {"surged_0.1.0_amd64.deb": deb.name, "surged_0.1.1_amd64.deb": next_deb.name}
        self.special = {"editor /etc/surged/surged.yaml": self.edit,
                        "systemctl restart surged": self.restart,
                        "surged drill --stream acme-push --for 1m " + TOKEN: self.drill}
        for name, file in self.files.items():
            shutil.copy(file, machine.tree / "root" / name)
        machine.write("/etc/apt/apt.conf.d/90yes", 'APT::Get::Assume-Yes "true";\nAPT::Sandbox::User "root";\n')
        machine.write("/root/pagerduty.key", "0123456789abcdef0123456789abcdef\n", 0o600)
        machine.write("/root/pager.py", RECEIVER)
        machine.run("systemd-run --unit=pager /usr/bin/python3 /root/pager.py")

    def ok(self, what):
        self.told += 1
        print(f"ok {self.told} - {what}", flush=True)

    def page_of(self, name, first=None, last=None):
        """Types the commands of a guide, from the first that begins with `first` to the last that begins with `last`."""
        typing = first is None
        for line, command in guide.commands(name):
            typing = typing or command.startswith(first)
            if typing and command not in guide.NOT_RUN:
                here = command
                for old, new in self.typed.items():
                    here = here.replace(old, new)
                try:
                    self.special.get(command, self.m.run)(here)
                except AssertionError as error:
                    raise AssertionError(f"{name}:{line}: {error}") from error
                self.ok(f"{name}:{line}: {command}")
            if last is not None and command.startswith(last):
                break

    # -- what the guides leave to the operator

    def edit(self, _command):
        config = self.m.read("/etc/surged/surged.yaml")
        config = config.replace("type: pagerduty,", f"type: pagerduty, url: {PAGER}/v2/enqueue,")
        config = config.replace("brands:", "detectors: { cap: { type: threshold, window: 5m, at_least: 20 } }\nbrands:")
        config = config.replace("kind: push,", "kind: push, detector: cap,")
        self.config(config)

    def config(self, text):
        path = self.m.tree / "etc/surged/surged.yaml"
        path.write_text(text)  # mode and owner stay

    def restart(self, command="systemctl restart surged"):
        self.m.run(command)
        self.ready()

    def drill(self, command):
        self.m.run(command)
        self.paged("DRILL")

    # -- looks

    def ready(self):
        eventually("the daemon is ready", lambda: self.m.try_run("curl -fsk http://127.0.0.1:9477/readyz").returncode == 0)

    def paged(self, word):
        eventually(f"a page that says {word} arrives: {self.m.read('/root/pages')}",
                   lambda: word in self.m.read("/root/pages"), 60)

    def incidents(self):
        return [i["id"] for i in json.loads(self.m.run(f"surged incidents list --json {TOKEN}"))["items"]]

    def counted(self):
        streams = json.loads(self.m.run(f"surged streams --json {TOKEN}"))["items"]
        return next(s["mentions_total"] for s in streams if s["name"] == "acme-push")

    def new_process(self, old, patience=30):
        eventually("systemd starts it anew", lambda: self.m.property("MainPID") not in ("0", old) and
                   self.m.property("ActiveState") == "active", patience)
        self.ready()

    def journal(self, *options):
        return self.m.run("journalctl -u surged --no-pager " + " ".join(options))

    # -- the story

    def install(self):
        self.page_of(guide.BOOTED[0], last="apt-get install")
        m = self.m
        assert m.run("systemctl is-enabled surged").strip() == "enabled"
        assert m.property("ActiveState") == "inactive", "without a configuration it waits"
        assert m.run("systemctl --failed --plain --no-legend").strip() == ""
        assert m.run("stat -c '%a %U' /etc/surged /etc/surged/secrets").split() == ["755", "root", "700", "root"]
        assert "surged" in m.run("getent passwd surged")
        for path in ("man/man8/surged.8.gz", "man/man5/surged.yaml.5.gz", "bash-completion/completions/surged",
                     "zsh/vendor-completions/_surged", "fish/vendor_completions.d/surged.fish",
                     "surged/prometheus/surged.rules.yml", "surged/grafana/dashboards/crisis-room.json",
                     "doc/surged/installing.md", "doc/surged/runbook.md", "doc/surged/changelog.gz"):
            assert (m.tree / "usr/share" / path).stat().st_size > 0, path
        self.ok("installed, enabled, and waiting for its configuration")
        self.page_of(guide.BOOTED[0], first="install -m 0640", last="systemctl status")
        assert m.property("ActiveState") == "active" and m.property("StatusText") == "serving"
        assert m.run("stat -c '%a %U' /var/lib/surged").split() == ["700", "surged"]
        self.ok("it runs as its own user")
        self.page_of(guide.BOOTED[0], first="journalctl")
        self.ok("the test page and the drill reached the pager")

    def traffic(self):
        at = self.m.run("date -u -d '150 seconds ago' +%Y-%m-%dT%H:%M:%SZ").strip()
        rows = "".join(json.dumps({"id": f"m{i}", "created_at": at, "text": "smoke"}) + "\n" for i in range(60))
        self.m.run("curl -fsS -H \"Authorization: Bearer $(cat /etc/surged/secrets/oncall)\" --data-binary @- "
                   "http://127.0.0.1:9477/api/v1/streams/acme-push/mentions", rows)
        self.incident = eventually("an incident opens", lambda: [i for i in self.incidents() if "-drill" not in i])[0]
        self.paged(f"surged/{self.incident}")
        assert self.counted() == 60
        self.ok("pushed mentions opened an incident and paged")
        fields = [json.loads(line) for line in self.journal("-o json", "SURGED_INCIDENT=" + self.incident).splitlines()]
        assert any(f["PRIORITY"] == "6" and f["MESSAGE"].endswith("incident.opened") for f in fields), fields
        eventually("a stream that cannot be reached is warned of", lambda: "acme-fedi" in self.journal("-p warning"), 90)
        self.ok("the journal finds it by its field and priority")

    def kill(self):
        old = self.m.property("MainPID")
        self.m.run(f"kill -9 {old}")
        self.new_process(old)
        assert self.counted() == 60 and self.incident in self.incidents()
        self.ok("killed, it came back with what it knew")

    def hang(self):
        self.m.write("/etc/systemd/system/surged.service.d/test.conf", "[Service]\nWatchdogSec=4s\nTimeoutAbortSec=2s\n")
        self.m.run("systemctl daemon-reload")
        self.restart()
        old, restarts = self.m.property("MainPID"), int(self.m.property("NRestarts"))
        time.sleep(6)  # longer than the limit: a loop that turns must live through it
        assert self.m.property("MainPID") == old, "a loop that turns was killed"
        self.m.run(f"kill -STOP {old}")
        self.new_process(old)
        assert int(self.m.property("NRestarts")) == restarts + 1
        assert "Watchdog timeout" in self.journal()
        (self.m.tree / "etc/systemd/system/surged.service.d/test.conf").unlink()
        self.m.run("systemctl daemon-reload")
        began = time.monotonic()
        self.restart()
        self.ok("a loop that hung was killed by the watchdog, and only that one; a restart until ready took "
                f"{time.monotonic() - began:.2f} s")

    def reload(self):
        old, good = self.m.property("MainPID"), self.m.read("/etc/surged/surged.yaml")
        self.config(good + "      - { name: acme-more, platform: forum, kind: push, policy: public }\n")
        self.m.run("systemctl reload surged")
        assert "acme-more" in self.m.run(f"surged streams {TOKEN}")
        self.config(good + "nonsense: 1\n")
        self.m.run("systemctl reload surged")
        assert "NOT reloaded" in self.m.property("StatusText")
        assert "acme-more" in self.m.run(f"surged streams {TOKEN}"), "an invalid configuration changed something"
        assert "unknown key 'nonsense'" in self.journal("-p err")
        assert self.m.property("MainPID") == old
        self.ok("a reload adds a stream; an invalid one changes nothing and says so")
        self.m.run("systemctl stop surged")
        assert self.m.property("Result") == "success"
        self.m.try_run("systemctl start surged")
        eventually("it gives up", lambda: self.m.property("ActiveState") == "failed")
        assert self.m.property("ExecMainStatus") == "2" and self.m.property("NRestarts") == "0"
        self.ok("an invalid configuration is not tried again and again")
        self.config(good)
        self.restart()

    def secure(self):
        self.page_of(guide.BOOTED[1])
        rated = re.search(r"exposure level for surged.service: ([0-9.]+)", self.m.run("systemd-analyze security surged"))
        assert rated and float(rated.group(1)) <= 1.1, rated
        self.ok(f"systemd rates it {rated.group(1)}")
        good = self.m.read("/etc/surged/surged.yaml")
        block = next(text for _, language, text in guide.blocks(guide.BOOTED[1]) if language == "yaml")
        self.config(good.replace("server:\n  listen: 127.0.0.1:9477", block.rstrip()))
        self.m.run("systemctl restart surged")
        eventually("it speaks TLS with the certificate of the guide", lambda: self.m.try_run(
            "curl -fsS --cacert /etc/surged/tls.pem --resolve surged.example:9477:127.0.0.1 "
            "https://surged.example:9477/readyz").returncode == 0)
        self.ok("the guide's certificate, its key handed over as a credential, serves TLS")
        self.config(good)
        self.restart()

    def back_up(self):
        before = self.counted()
        self.page_of(guide.BOOTED[2], last="systemctl start")
        self.ready()
        self.page_of(guide.BOOTED[2], first="surged incidents")
        assert self.counted() == before and self.incident in self.incidents()
        assert self.m.run("surged journal verify --storage /var/lib/surged")
        self.ok("the copy made beside the running daemon brings everything back")

    def upgrade(self):
        old, config = self.m.property("MainPID"), self.m.read("/etc/surged/surged.yaml")
        self.special["surged check --config /etc/surged/surged.yaml"] = self.m.run
        self.page_of(guide.BOOTED[3], last="surged check")
        self.new_process(old)
        assert self.m.read("/etc/surged/surged.yaml") == config
        assert self.counted() == 60 and self.incident in self.incidents()
        self.ok("upgraded with its state")
        self.page_of(guide.BOOTED[3], first="apt-get remove", last="apt-get remove")
        assert self.m.try_run("pgrep surged || systemctl is-active surged").stdout.strip() in ("", "inactive", "unknown")
        assert (self.m.tree / "var/lib/surged/surged.db").exists() and self.m.read("/etc/surged/surged.yaml") == config
        self.ok("removed, it left the state")
        self.page_of(guide.BOOTED[3], first="apt-get purge")
        for path in ("var/lib/surged", "etc/surged", "usr/bin/surged"):
            assert not (self.m.tree / path).exists(), path
        assert self.m.try_run("getent passwd surged || getent group surged").returncode != 0
        self.ok("purged, it left nothing")


def with_next_version(deb, scratch):
    """The same package under a higher version."""
    version = subprocess.run(["dpkg-deb", "-f", deb, "Version"], check=True, capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory(dir=scratch) as unpacked:
        subprocess.run(["dpkg-deb", "-R", deb, unpacked], check=True)
        control = pathlib.Path(unpacked) / "DEBIAN/control"
        control.write_text(control.read_text().replace(f"Version: {version}\n", f"Version: {version}+next\n"))
        out = scratch / deb.name.replace(version, version + "+next")
        subprocess.run(["dpkg-deb", "-b", "-Znone", unpacked, str(out)], check=True, stdout=subprocess.DEVNULL)
    return out


def main():
    debs = sorted(pathlib.Path(sys.argv[1]).glob("surged_*.deb"))
    scratch = pathlib.Path(sys.argv[2])
    for tool in ("systemd-nspawn", "mmdebstrap", "nsenter", "dpkg-deb"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    if os.geteuid() != 0:
        skip("only root may boot a container")
    if not debs:
        skip("there is no package: deploy/setup.sh deb")
    base = base_tree(debs[-1], scratch)
    next_deb = with_next_version(debs[-1], scratch)
    machine = Machine(base, scratch)
    story = Story(machine, debs[-1], next_deb)
    try:
        story.install()
        story.traffic()
        story.kill()
        story.hang()
        story.reload()
        story.secure()
        story.back_up()
        story.upgrade()
    except AssertionError:
        print(machine.try_run("journalctl -u surged --no-pager -n 60").stdout)
        raise
    finally:
        machine.off()
        shutil.rmtree(machine.tree, ignore_errors=True)
    print(f"{story.told} passed, 0 failed")


main()
