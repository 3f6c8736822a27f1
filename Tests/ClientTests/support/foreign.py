# SPDX-License-Identifier: Apache-2.0
"""Programs for other machines than this one: Debian's static busybox for each, and a small one that is written here by hand."""
import os
import platform
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest

from .images import CACHE, apt_sources, busybox_tar

MISSING = "" if Path("/usr/bin/qemu-aarch64-static").exists() else "qemu-user-static cannot be installed on this machine"
needs_qemu = pytest.mark.skipif(bool(MISSING) or platform.machine() != "x86_64", reason=MISSING or "the machine is no amd64")
# Platforms, what Debian calls their machines, and what uname says in them.
MACHINES = {
    "linux/arm64": ("arm64", "aarch64"),
    "linux/arm/v7": ("armhf", "armv7l"),
    "linux/arm/v6": ("armel", "armv7l"),
    "linux/ppc64le": ("ppc64el", "ppc64le"),
    "linux/s390x": ("s390x", "s390x"),
    "linux/386": ("i386", "x86_64"),
}


def busybox(machine):
    """Debian's static busybox for a machine (Debian's name): the file. Downloaded once."""
    kept = CACHE / f"busybox-{machine}"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="hull-foreign-", dir="/var/tmp") as place:
            os.chmod(place, 0o755)
            download(Path(place), machine)
            package = next(Path(place).glob("*.deb"))
            subprocess.run(["dpkg", "-x", package, f"{place}/root"], check=True)
            shutil.move(f"{place}/root/bin/busybox", kept.with_suffix(f".{os.getpid()}"))
            kept.with_suffix(f".{os.getpid()}").rename(kept)
    return kept


def root(platform_name, more=lambda archive: None):
    """The bytes of an archive: busybox's root file system for a platform."""
    return busybox_tar(more, busybox(MACHINES[platform_name][0]))


def download(place, machine):
    """Puts the package into the folder, without telling the machine's own apt of another architecture."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (place / folder).mkdir(parents=True)
    (place / "sources").write_text(apt_sources("bookworm"))
    (place / "status").touch()
    options = {
        "APT::Architecture": machine,
        "APT::Architectures": machine,
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Dir::Etc::SourceList": place / "sources",
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": place / "lists",
        "Dir::State::Status": place / "status",
        "Dir::Cache": place / "cache",
    }
    flags = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    for verb in (["update"], ["download", "busybox-static"]):
        subprocess.run(["apt-get", "-qq", *flags, *verb], cwd=place, check=True, timeout=300, stdout=subprocess.DEVNULL)


def riscv64(code, text=b""):
    """A program for riscv64, which Debian 12 has no packages for: instructions, and a text after them."""
    body = struct.pack(f"<{len(code)}I", *code) + text
    base, size = 0x10000, 64 + 56 + len(body)
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 243, 1, base + 120, 64, 0, 4, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000) + body


def put(register, value):
    """addi register, zero, value"""
    return value << 20 | register << 7 | 0x13


CALL = 0x73


def riscv64_hello():
    """Writes `riscv64` and ends."""
    text = b"riscv64\n"
    # write(1, text, size); exit(0). The text's address is that of the third instruction and 28: it comes after the ninth.
    address = [0x17 | 11 << 7, 28 << 20 | 11 << 15 | 11 << 7 | 0x13]
    return riscv64([put(17, 64), put(10, 1), *address, put(12, len(text)), CALL, put(17, 93), put(10, 0), CALL], text)


def riscv64_who():
    """Ends with its effective user's ID, or what an exit code has of it."""
    return riscv64([put(17, 175), CALL, put(17, 93), CALL])
