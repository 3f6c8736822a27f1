# SPDX-License-Identifier: Apache-2.0
# What every script here shares. Source it: . "$(dirname "$0")/common.sh"

set -euo pipefail

PROJECT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$PROJECT"

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

need_root() {
  [ "$(id -u)" = 0 ] || fail "$1 needs root: namespaces, mounts and cgroups are made; run it with sudo"
}

# Puts the Swift toolchain on PATH: the one that is there, or /opt/swift.
use_swift() {
  if ! command -v swift >/dev/null; then
    [ -x /opt/swift/usr/bin/swift ] || fail "no Swift toolchain: unpack Swift 6.2 or newer into /opt/swift, or put swift on PATH"
    PATH="/opt/swift/usr/bin:$PATH"
    export PATH
  fi
}

# Seconds since the machine started, with hundredths: a clock that never jumps.
now() { cut -d' ' -f1 /proc/uptime; }

# took START: how long ago START (of `now`) was, for people.
took() { awk -v a="$1" -v b="$(now)" 'BEGIN { s = b - a; if (s < 60) printf "%.2f s", s; else printf "%d min %02d s", s / 60, s % 60 }'; }
