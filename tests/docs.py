#!/usr/bin/env python3
"""Types every command of README.md and the on-call page on this machine. docs.py SURGED"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
import guide

SURGED = os.path.abspath(sys.argv[1])
CONFIG = """
server: {{ listen: "127.0.0.1:{port}" }}
storage: {{ directory: "{state}" }}
receivers:
  oncall: {{ type: exec, command: ["/bin/cat"] }}
detectors:
  cap: {{ type: threshold, window: 5m, at_least: 20 }}
brands:
  - name: acme
    streams:
      - {{ name: acme-x, platform: x, kind: push, detector: cap }}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def eventually(what, look, patience=60):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            found = look()
            if found:
                return found
        time.sleep(0.05)  # real programs cannot be waited for on virtual time
    raise AssertionError(what)


class Place:
    """A directory with a daemon, a `surged` that asks it, and the names of the page mapped to those here."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        state = self.dir / "state"
        (self.dir / "daemon.yaml").write_text(CONFIG.format(port=self.port, state=state))
        (self.dir / "bin").mkdir()
        wrapper = self.dir / "bin/surged"
        wrapper.write_text(f"""#!/bin/sh
case $1 in
    streams|explain|drill|receivers|reload|incidents|silences|forget) exec {SURGED} "$@" --server {self.url} ;;
    *) exec {SURGED} "$@" ;;
esac
""")
        wrapper.chmod(0o755)
        self.env = dict(os.environ, PATH=f"{self.dir}/bin:{os.environ['PATH']}")
        self.names = {"/var/lib/surged": str(state)}
        self.daemon = self.start("run", "--config", "daemon.yaml")
        eventually("the daemon is ready", lambda: self.get("/readyz"))

    def start(self, *words):
        return subprocess.Popen([SURGED, *words], cwd=self.dir, stdin=subprocess.DEVNULL,
                                stdout=open(self.dir / "out", "ab"), stderr=open(self.dir / "err", "ab"))

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as reply:
            return reply.read() or b"{}"

    def incidents(self):
        return [i["id"] for i in json.loads(self.get("/api/v1/incidents"))["items"]]

    def open_incidents(self):
        """The one of the page, and a second beside it (a drill has an incident of its own)."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 150))
        row = {"created_at": at, "text": "smoke", "author": {"id": "2244994945"}}  # whom the README forgets
        ids = ["1750"] + [f"m{i}" for i in range(60)]
        rows = "".join(json.dumps({"id": i} | (row if i == "m0" else row | {"author": {"id": i}})) + "\n" for i in ids)
        request = urllib.request.Request(self.url + "/api/v1/streams/acme-x/mentions", rows.encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).close()
        first = eventually("an incident opens", self.incidents)[0]
        self.names["acme-20260301-1"] = first

    def drill(self):
        self.run("surged drill --stream acme-x --ratio 8 --for 10m")
        drills = eventually("the drill opens one", lambda: [i for i in self.incidents() if i.endswith("-drill")])
        self.names["acme-20260301-2"] = drills[0]

    def run(self, command):
        for name, here in self.names.items():
            command = command.replace(name, here)
        done = subprocess.run(["sh", "-c", command], cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def close(self):
        self.daemon.send_signal(signal.SIGTERM)
        code = self.daemon.wait(30)
        assert code == 0, f"the daemon left with {code}: {(self.dir / 'err').read_text()}"


def complete_configuration(place):
    """The README's own example, but for where it listens and keeps its state."""
    example = next(text for _, language, text in guide.blocks("README.md") if language == "yaml")
    return example.replace("/var/lib/surged", str(place.dir / "readme-state"))


def run_in_foreground(place, command):
    """`surged run`: ready, stopped by SIGTERM, exit 0."""
    port = free_port()
    config = place.dir / "surged.yaml"
    config.write_text(f'server: {{ listen: "127.0.0.1:{port}" }}\n' + config.read_text())
    daemon = place.start(*command.split()[1:])
    eventually("the README's configuration runs",
               lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).status == 200)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(30) == 0


def demo(place, command):
    """As typed, but shorter and on a port of its own."""
    said = place.run(command.replace("90s", "4s") + f" --listen 127.0.0.1:{free_port()}")
    assert "http://127.0.0.1:" in said, said


SPECIAL = {"surged run --config surged.yaml": run_in_foreground, "surged demo --for 90s": demo}


def type_page(name):
    ran = 0
    with tempfile.TemporaryDirectory() as directory:
        place = Place(directory)
        try:
            (place.dir / "surged.yaml").write_text(complete_configuration(place))
            place.open_incidents()
            if name != "README.md":
                place.drill()
            for line, command in guide.commands(name):
                if command in guide.NOT_RUN:
                    continue
                try:
                    SPECIAL.get(command, lambda p, c: p.run(c))(place, command)
                except AssertionError as error:
                    raise AssertionError(f"{name}:{line}: {error}") from error
                ran += 1
        finally:
            place.close()
    return ran


def main():
    known = guide.HERE + guide.BOOTED + guide.LOOKED_AT
    assert guide.pages() == sorted(known), f"pages that no test reads: {set(guide.pages()) ^ set(known)}"
    typed = {command for name in known for _, command in guide.commands(name)}
    assert set(guide.NOT_RUN) <= typed, f"not in any page any more: {set(guide.NOT_RUN) - typed}"
    for name in guide.LOOKED_AT:
        for line, command in guide.commands(name):
            assert command in guide.NOT_RUN, f"{name}:{line}: nobody runs: {command}"
    ran = sum(type_page(name) for name in guide.HERE)
    print(f"{ran} passed, 0 failed")


main()
