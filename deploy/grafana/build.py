#!/usr/bin/python3
"""Writes dashboards/*.json from source/*.py. `build.py --check` says what differs and changes nothing."""
import importlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGES = {"crisis-room": "crisis_room", "pipeline": "pipeline", "delivery": "delivery", "process": "process"}


def main():
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(HERE / "source"))
    stale = []
    for name, module in PAGES.items():
        text = json.dumps(importlib.import_module(module).build(), indent=1, ensure_ascii=False) + "\n"
        path = HERE / "dashboards" / f"{name}.json"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(str(path))
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(path)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
