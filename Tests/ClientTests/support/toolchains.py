# SPDX-License-Identifier: Apache-2.0
"""The machine's Swift toolchain, as much of it as a static program needs."""
import shutil
import subprocess
from pathlib import Path

_program = shutil.which("swiftc") or next(map(str, Path("/opt").glob("swift*/usr/bin/swiftc")), None)
MISSING = "" if _program else "no Swift toolchain on this machine"
PARTS = ["bin/swift-driver", "bin/swiftc", "bin/swift-frontend", "bin/swift-autolink-extract", "bin/clang", "bin/clang-[0-9]*"]
PARTS += ["lib/clang/*/include", "lib/swift/linux", "lib/swift/host/compiler/lib_Compiler*", "lib/swift_static"]
TOO_MUCH = ["lib/swift_static/linux/*Foundation*", "lib/swift_static/linux/*Testing*", "lib/swift_static/linux/*XCTest*"]


def place_swift(place):
    """A folder with the toolchain below usr, as hard links where that can be."""
    usr = Path(_program).resolve().parents[1]
    for file in (file for pattern in PARTS for file in usr.glob(pattern)):
        target = place / "usr" / file.relative_to(usr)
        target.parent.mkdir(parents=True, exist_ok=True)
        if subprocess.run(["cp", "-al", file, target], stderr=subprocess.DEVNULL).returncode:
            subprocess.run(["cp", "-a", file, target], check=True)
    for file in (file for pattern in TOO_MUCH for file in (place / "usr").glob(pattern)):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
