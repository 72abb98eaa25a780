#!/bin/sh
# The program of the package is what the release preset promises: hardened, and the same wherever it is built.
# hardening.sh DIRECTORY_OF_THE_DEB
set -eu
deb=$(ls "$1"/surged_*.deb 2>/dev/null | tail -n 1)
[ -n "$deb" ] || { echo "there is no package: deploy/setup.sh deb"; exit 77; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
dpkg-deb -x "$deb" "$out"
program=$out/usr/bin/surged
bad=0
# says WHAT PATTERN COMMAND...: the command's output has it.
says() {
    what=$1 pattern=$2
    shift 2
    "$@" | grep -qE -e "$pattern" || { echo "$program: no $what"; bad=1; }
}
says "position independent executable" 'Type: +DYN' readelf -hW "$program"
says "read-only relocations" 'GNU_RELRO' readelf -lW "$program"
says "immediate binding" 'BIND_NOW|FLAGS.*NOW' readelf -dW "$program"
says "stack that is no code" 'GNU_STACK.* RW ' readelf -lW "$program"
says "stack protector" '__stack_chk_fail' readelf -sW --dyn-syms "$program"
says "fortified C library call" '_chk(@|$)' readelf -sW --dyn-syms "$program"
# A page of the stack is touched before the next is taken: `orq $0, (%rsp)` after each 4 KiB.
says "stack clash protection" 'or[ql] +\$0x0,\(%rsp\)' objdump -d --no-show-raw-insn "$program"
tree=$(dirname "$(dirname "$(realpath "$0")")")
if grep -qaF "$tree/" "$program"; then echo "$program: holds the path of the tree it was built in"; bad=1; fi
# What the package needs is what the program is linked with.
needs=$(dpkg-deb -f "$deb" Depends)
for library in libssl libsqlite3 libyaml-cpp libsimdjson libcurl libxml2 libdeflate libboost-url; do
    case $needs in *"$library"*) ;; *) echo "the package does not depend on $library: $needs"; bad=1 ;; esac
done
version=$(sed -n 's/^project(surged VERSION \([0-9.]*\).*/\1/p' "$tree/CMakeLists.txt")
[ "$(dpkg-deb -f "$deb" Version)" = "$version" ] || { echo "debian/changelog does not say $version"; bad=1; }
exit $bad
