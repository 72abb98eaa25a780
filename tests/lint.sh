#!/bin/sh
# The house's own rules, as a test: prints FILE:LINE and the reason, exits 1.
set -eu
cd "$1"
bad=0

# deny REASON PATTERN FILE...: a line that matches fails, unless it says NOLINT(house) with its reason.
deny() {
    reason=$1 pattern=$2
    shift 2
    if found=$(grep -nE "$pattern" "$@" /dev/null | grep -v 'NOLINT(house)'); then
        printf '%s\n^ %s\n' "$found" "$reason"
        bad=1
    fi
}
sources() { find "$@" -name '*.h' -o -name '*.cpp' | sort; }

# Layering: config <- detectors <- exporters <- daemon <- tests.
above="detectors exporters daemon tests"
for floor in config detectors exporters daemon; do
    for upper in $above; do
        # shellcheck disable=SC2046
        deny "$floor must not know $upper" "#include \"$upper/" $(sources "$floor")
    done
    above=${above#* }
done

all=$(sources config detectors exporters daemon)
not() { printf '%s\n' "$all" | grep -vE "$1"; }
deny "asio::detached swallows exceptions: use Supervisor::start" 'detached\b' $(not '/supervisor\.')
deny "the clock is read in steady_clock.cpp only" '(system|steady|high_resolution)_clock::now' $(not '/steady_clock\.cpp$')
deny "randomness comes in by constructor; its seed is read in commands/ only" 'random_device' $(not '^daemon/commands/')
deny "two loops do the waiting" 'sleep_for|usleep\(|std::this_thread::sleep' $all
deny "yaml-cpp is known to section_yaml.cpp only" 'include <yaml-cpp' $(not '^config/section_yaml\.cpp$')
deny "libxml2 is known to feed_xml.cpp only" 'include <libxml/' $(not '^daemon/pollers/feed_xml\.cpp$')
deny "the whole of Asio in a header costs seconds in every file" '#include <boost/asio\.hpp>' $all
deny "GCC 12 destroys a capturing lambda twice in a co_await expression: name it first" 'co_await [^;]*\[[^]]*\](\(|\{)' $all
deny "a condition, not a wish" 'FIXME|\bXXX\b' $all

# Every header says what it is for on its first line.
for header in $(printf '%s\n' "$all" | grep '\.h$'); do
    case $(head -n 1 "$header") in
        "// "*) ;;
        *) echo "$header:1: a header begins with a comment that says what it is for"; bad=1 ;;
    esac
done

# Files near 100 lines; 600 is a defect.
for file in $all; do
    lines=$(wc -l < "$file")
    if [ "$lines" -gt 600 ]; then echo "$file:$lines: longer than 600 lines: split it"; bad=1; fi
done

# An apostrophe in the list of packages ends it: the shell reads what nobody ran yet.
for script in deploy/*.sh tests/*.sh; do sh -n "$script" || bad=1; done

# clang-format 14 is Debian 12's; without it the check says so and passes.
if command -v clang-format >/dev/null; then
    clang-format --dry-run --Werror $all $(sources tests) || bad=1
else
    echo "clang-format is not installed: formatting was not checked"
fi
exit $bad
