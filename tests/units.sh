#!/bin/sh
# The unit as systemd reads it: no unknown word, and an exposure of 1.1 at most.
set -eu
unit=$(dirname "$(dirname "$(realpath "$0")")")/deploy/systemd/surged.service
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is not installed: the unit was not looked at"; exit 77; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# The program need not be installed here.
sed 's|^ExecStart=/usr/bin/surged|ExecStart=/bin/true|' "$unit" >"$out/surged.service"
systemd-analyze verify --man=no "$out/surged.service" >"$out/said" 2>&1 || true
if grep -F "$out/surged.service" "$out/said"; then exit 1; fi
systemd-analyze security --offline=yes --no-pager --threshold=11 "$out/surged.service" >"$out/said" 2>&1 || {
    tail -n 5 "$out/said"
    exit 1
}
grep 'Overall exposure' "$out/said"
