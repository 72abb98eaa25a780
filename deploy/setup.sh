#!/bin/sh
# Installs what is missing on Debian 12, builds, and runs: `setup.sh demo`, `setup.sh test`, `setup.sh night`.
# `setup.sh deb` makes build/deb/surged_VERSION_ARCH.deb; `setup.sh boot` makes it and tries it under a real systemd,
# `setup.sh container` makes an image `surged` of it for podman.
# `setup.sh install` only installs the packages; `setup.sh build PRESET` also builds; `setup.sh lexicon` fetches
# the words of the tone channel (build and demo do it by themselves).
set -eu
cd "$(dirname "$0")/.."

# What the program is built from, each with its reason.
build_packages='
g++ cmake ninja-build pkg-config  # compiler and build
libboost1.81-dev        # Asio: the event loop and coroutines; Beast: HTTP; unordered: flat hash sets
libboost-url1.81-dev    # Boost.URL: parsing the URLs of configuration and requests
libsimdjson-dev         # JSON of platforms, at gigabytes a second
libyaml-cpp-dev         # the configuration file
prometheus-cpp-dev      # the metrics registry and its text format
libcurl4-openssl-dev    # SMTP with STARTTLS and logins; prometheus-cpp asks for it too
libcli11-dev            # the command line
libssl-dev              # TLS, HMAC, SHA-256
libsqlite3-dev          # the store: one file that survives kill -9 and a full disk
libxml2-dev             # the XML of feeds: strict, bounded, no network, every encoding
zlib1g-dev libdeflate-dev  # gzip bodies: bounded streams, and whole bodies three times faster
ca-certificates         # whom TLS trusts
git                     # the revision that the version command prints
python3-pip             # fetches the lexicon of the tone channel from PyPI
'
# What only the tests need.
test_packages='
libgtest-dev libgmock-dev  # GoogleTest
libbenchmark-dev        # the benches
clang clang-format      # a second compiler; the formatting check
ccache mold             # short builds
prometheus prometheus-alertmanager  # real peers: promtool, a scraping server, an Alertmanager that is paged
python3                 # scoring tools of the detection tests, checks of the dashboards
python3-yaml python3-jsonschema  # rules, routes and the schema of Grafana, as those checks read them
openssl                 # certificates of the TLS tests
curl                    # trying the API by hand and in smoke tests
groff mandoc man-db     # what renders the manual pages
zsh fish                # their completions are asked as a person would
chromium                # the console is tested in a real browser
'
# npm fetches the driver of that browser, and uPlot, which draws the console's charts. A Node.js from elsewhere brings
# an npm of its own, which the package would remove.
command -v npm >/dev/null || test_packages="$test_packages npm"

# What a package is made and judged with.
deb_packages='
debhelper dpkg-dev      # the package
lintian                 # judges it
'
# A systemd that boots in a container of its own.
boot_packages='
systemd-container       # systemd-nspawn
mmdebstrap              # the tree it boots
'
# An image from the package.
container_packages='
podman runc netavark    # builds and runs it (crun wants one kind of cgroups)
mmdebstrap curl         # what is in it; who asks it
'

install_packages() {
    wanted=$(printf '%s\n' "$@" | sed 's/#.*//')
    missing=""
    for package in $wanted; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    if [ -z "$missing" ]; then return; fi
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then as_root=sudo; fi
    # Debian starts a service as soon as its package is installed; the tests start their own.
    $as_root apt-get update -q
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing
}

# The lexicon of the tone channel: one file of the package vaderSentiment (MIT) of PyPI. Without it everything else
# is built all the same.
fetch_lexicon() {
    wanted=1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5
    file=build/lexicon/vader_lexicon.txt
    if [ -f "$file" ] || [ -f /usr/share/surged/vader_lexicon.txt ]; then return; fi
    mkdir -p build/lexicon
    if python3 -m pip -q download --no-deps --only-binary :all: -d build/lexicon vaderSentiment==3.3.2 &&
        python3 -m zipfile -e build/lexicon/vaderSentiment-3.3.2-*.whl build/lexicon/package &&
        echo "$wanted  build/lexicon/package/vaderSentiment/vader_lexicon.txt" | sha256sum -c --quiet -; then
        mv build/lexicon/package/vaderSentiment/vader_lexicon.txt "$file"
    else
        echo "setup.sh: the lexicon could not be fetched: built without the tone channel" >&2
    fi
    rm -rf build/lexicon/package build/lexicon/*.whl
}

build() {
    preset=$1
    shift
    fetch_lexicon
    cmake --preset "$preset" >/dev/null
    cmake --build --preset "$preset" ${1:+--target "$@"}
}

# The program as it is installed, in build/release.
build_release() {
    fetch_lexicon
    cmake --preset release -DSURGED_BUILD_TESTS=OFF >/dev/null
    cmake --build --preset release --target surged
}

# debian/ stands in a directory of its own beside the tree, so that nothing is left in the tree.
deb() {
    build_release
    rm -rf build/deb
    mkdir -p build/deb/surged
    cp -R deploy/debian build/deb/surged/debian
    (cd build/deb/surged && SURGED_SOURCE="$OLDPWD" dpkg-buildpackage -us -uc -b)
    rm -rf build/deb/surged
    lintian --fail-on error,warning,info,pedantic --pedantic --display-info build/deb/surged_*.changes
    ls -l build/deb/surged_*.deb
}

case "${1:-}" in
    lexicon) fetch_lexicon ;;
    install) install_packages "$build_packages" "$test_packages" ;;
    build)
        install_packages "$build_packages" "$test_packages"
        shift
        [ $# -gt 0 ] || set -- dev
        build "$@"
        ;;
    demo)
        install_packages "$build_packages"
        build_release
        shift
        exec build/release/surged demo "$@"
        ;;
    test)
        install_packages "$build_packages" "$test_packages"
        build dev
        ctest --preset dev -j 2
        ;;
    deb)
        install_packages "$build_packages" "$deb_packages"
        deb
        ;;
    boot)
        install_packages "$build_packages" "$test_packages" "$deb_packages" "$boot_packages"
        deb
        cmake --preset dev >/dev/null
        ctest --preset boot
        ;;
    container)
        install_packages "$build_packages" "$deb_packages" "$container_packages"
        [ -e build/deb/surged_*.deb ] || deb
        deploy/container/build.sh build/deb/surged_*.deb build/container
        tests/container.sh
        ;;
    night)
        install_packages "$build_packages" "$test_packages"
        build dev
        ctest --preset night
        ;;
    *)
        echo "usage: deploy/setup.sh demo [OPTION...] | test | night | deb | boot | container | install | lexicon | build [PRESET [TARGET...]]" >&2
        exit 2
        ;;
esac
