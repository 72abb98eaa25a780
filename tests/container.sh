#!/bin/sh
# The image runs as it is meant to: not root, nothing writable but its state, ready, stopped cleanly.
set -eu
dir=$(mktemp -d)
run="podman --runtime runc run --ulimit nofile=1024:4096 --ulimit nproc=4096:4096 --network=host --read-only"
name=surged-test-$$
trap 'podman rm -f "$name" >/dev/null 2>&1; podman volume rm "$name" >/dev/null 2>&1; rm -rf "$dir"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$dir/surged.yaml" <<END
server: { listen: "127.0.0.1:$port" }
storage: { directory: /var/lib/surged }
receivers: { oncall: { type: webhook, url: "http://127.0.0.1:9/page" } }
brands: [{ name: acme, streams: [{ name: acme-push, platform: forum, kind: push }] }]
END
chmod 755 "$dir"
chmod 644 "$dir/surged.yaml"
$run --rm surged version
# shellcheck disable=SC2086
$run -d --name "$name" -v "$dir:/etc/surged:ro" -v "$name:/var/lib/surged:U" surged >/dev/null
tries=0
until curl -fsS "http://127.0.0.1:$port/readyz" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { podman logs "$name"; exit 1; }
    sleep 0.1
done
podman top "$name" user | grep -qx surged
podman stop -t 20 "$name" >/dev/null
code=$(podman inspect "$name" --format '{{.State.ExitCode}}')
[ "$code" = 0 ] || { podman logs "$name"; echo "it left with $code"; exit 1; }
echo "3 passed, 0 failed"
