"""The commands that a user is told to type: fenced `sh` blocks, and lines after `$ ` in `console` blocks."""
import pathlib
import re

TREE = pathlib.Path(__file__).resolve().parent.parent
HERE = ["README.md", "deploy/guides/on-call.md"]  # run by docs.py against a daemon on this machine
BOOTED = ["deploy/guides/installing.md", "deploy/guides/securing.md", "deploy/guides/backing-up.md",
          "deploy/guides/upgrading.md"]           # run by boot.py under a systemd of its own
LOOKED_AT = ["deploy/runbook.md", "deploy/grafana/README.md"]  # every command of theirs stands in NOT_RUN
LANGUAGES = {"sh", "console", "yaml", "ini", "text", "json"}

# What no test types, and why.
NOT_RUN = {
    "deploy/setup.sh demo": "builds and shows the program: this test runs what it built (`surged demo` below)",
    "deploy/setup.sh test": "is what runs this test",
    "cmake --install build/release": "debian/rules runs it to make the package that boot.py installs",
    "cp -r provisioning/* /etc/grafana/provisioning/": "Grafana is not in Debian; dashboards_net.py asks the same panels",
    "install -D -m 644 -t /usr/share/surged/grafana dashboards/*.json": "as the line above",
    "systemctl restart grafana-server": "as the line above",
}


def blocks(name):
    """(line number, language, text) of every fenced block."""
    out, language, start, lines = [], None, 0, []
    for number, line in enumerate((TREE / name).read_text(encoding="utf-8").splitlines(), 1):
        fence = re.fullmatch(r"```(\w*)", line.strip())
        if not fence:
            lines.append(line)
        elif language is None:
            language, start, lines = fence.group(1), number, []
        else:
            out.append((start, language, "\n".join(lines) + "\n"))
            language = None
    assert language is None, f"{name}: a block is not closed"
    return out


def commands(name):
    """(line number, command without its comment) in the order of the page."""
    out = []
    for start, language, text in blocks(name):
        assert language in LANGUAGES, f"{name}:{start}: a block of the unknown language '{language}'"
        for offset, line in enumerate(text.splitlines(), 1):
            if language == "console":
                line = line[2:] if line.startswith("$ ") else ""
            elif language != "sh":
                line = ""
            line = re.sub(r"\s+#\s.*", "", line).strip()
            if line:
                out.append((start + offset, line))
    return out


def pages():
    """Every page a user reads commands from."""
    found = {"README.md"} | {str(p.relative_to(TREE)) for p in (TREE / "deploy").rglob("*.md")}
    return sorted(found)
