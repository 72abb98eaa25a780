#!/bin/sh
# The console in a real browser: run.sh SURGED OUT. 0: all is well, 1: not, 77: something that is needed is missing.
# OUT gets the test's packages, and OUT/shots the screenshots for whoever reviews the page.
# ASSETS=DIR in the environment shows the page's files of DIR instead of those that were built in.
set -eu
surged=$1
out=$2
here=$(cd "$(dirname "$0")" && pwd)
skip() {
    echo "SKIPPED: $1"
    exit 77
}
command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"
[ "$(node -p 'process.versions.node.split(".")[0] >= 18')" = true ] || skip "node is older than 18"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    skip "chromium is not installed"
mkdir -p "$out"
cp "$here/package.json" "$here/package-lock.json" "$out/"
cp "$here"/*.mjs "$out/"
cd "$out"
if ! cmp -s package-lock.json node_modules/.of-this-lock 2>/dev/null; then
    npm ci --ignore-scripts --no-audit --no-fund --fetch-timeout=20000 --fetch-retries=1 >npm.log 2>&1 ||
        skip "npm's registry does not give the test's packages ($out/npm.log)"
    cp package-lock.json node_modules/.of-this-lock
fi
rm -rf shots
mkdir shots
SURGED=$surged CHROMIUM=$chromium exec node console.mjs
