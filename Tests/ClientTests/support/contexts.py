# SPDX-License-Identifier: Apache-2.0
"""Archives that clients send as build contexts: ordinary ones, and some that nobody should send."""
import gzip
import tarfile
import zlib

from .images import BUSYBOX, folder, link, regular, tar_of

FROM = f"FROM {BUSYBOX}\n"
ALL = FROM + "COPY . /all\n"


def context(dockerfile=ALL, build=lambda archive: None):
    """A tar with a Dockerfile and what `build(archive)` adds."""

    def fill(archive):
        regular(archive, "Dockerfile", dockerfile.encode())
        build(archive)

    return tar_of(fill)


def device(archive, name, major=1, minor=1):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.devmajor, entry.devminor = tarfile.CHRTYPE, 0o666, major, minor
    archive.addfile(entry)


def hard_link(archive, name, target):
    link(archive, name, target, tarfile.LNKTYPE)


def header(name, size, kind=tarfile.REGTYPE):
    """A bare entry whose bytes do not follow."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.type = size, kind
    return entry.tobuf(tarfile.GNU_FORMAT)


def bomb(size=6 << 30):
    """A gzip archive of one file of zeros, very much smaller than what comes of it."""
    packer = zlib.compressobj(1, wbits=31)
    dockerfile = FROM.encode()
    pieces = [packer.compress(header("Dockerfile", len(dockerfile)) + dockerfile + bytes(-len(dockerfile) % 512) + header("zeros", size))]
    # The same compressed bytes again and again: a full flush makes them independent of what was before.
    pieces.append(packer.flush(zlib.Z_FULL_FLUSH))
    repeated = zlib.compressobj(9, wbits=-15)
    block = repeated.compress(bytes(64 << 20)) + repeated.flush(zlib.Z_FULL_FLUSH)
    return b"".join(pieces + [block] * (size // (64 << 20)))


def deep(archive, levels):
    """Directories in directories."""
    for level in range(1, levels + 1):
        folder(archive, "/".join(["d"] * level))


def packed(data):
    return gzip.compress(data, 1)
