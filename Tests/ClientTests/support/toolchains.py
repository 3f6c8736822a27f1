# SPDX-License-Identifier: Apache-2.0
"""The machine's Swift toolchain, as much of it as a static program needs."""
import shutil
from pathlib import Path

PROGRAM = shutil.which("swiftc") or next((str(path) for path in Path("/opt").glob("swift*/usr/bin/swiftc")), None)
MISSING = "" if PROGRAM else "no Swift toolchain on this machine"


def place_swift(place):
    place.mkdir()
