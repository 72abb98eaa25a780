#!/bin/sh
# build.sh DEB SCRATCH: an image `surged` from the package, without a base image from anywhere.
set -eu
deb=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
mkdir -p "$2"
cd "$2"
# The user is made by systemd-sysusers, which needs no systemd.
needs=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/^ *//; s/[ |(].*//; s/^systemd$/systemd-standalone-sysusers/' | paste -sd,)
rm -f rootfs.tar
mmdebstrap --variant=minbase --include="$needs" --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook="cp '$deb' \"\$1/surged.deb\"" --customize-hook='chroot "$1" dpkg -i /surged.deb' \
    --customize-hook='rm "$1/surged.deb"' bookworm rootfs.tar
cp "$here/Containerfile" .
podman build -t surged .
rm rootfs.tar
