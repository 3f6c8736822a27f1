# SPDX-License-Identifier: Apache-2.0
"""Streams pass through the daemon in bounded memory, however large they are."""
import hashlib
import json
import os
import subprocess
import tarfile
import threading

import pytest
from support import processes
from support.archives import config_of
from support.engine import KIND

pytestmark = pytest.mark.skipif(KIND == "docker", reason="hull: it is its own budget")
LIMIT = 64 << 10  # KiB: 64 MiB
SIZE = 2 << 30


class Zeros:
    """A layer of one file of `SIZE` repeating bytes, produced while it is read."""

    block = bytes(range(256)) * 4096

    def __init__(self):
        entry = tarfile.TarInfo("big")
        entry.size = SIZE
        self.head = entry.tobuf(tarfile.GNU_FORMAT)
        self.length = len(self.head) + SIZE + 1024

    def pieces(self):
        yield self.head
        for _ in range(SIZE // len(self.block)):
            yield self.block
        yield bytes(1024)


def header(name, size):
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT)


def padding(size):
    return bytes(-size % 512)


def archive_of(layer):
    """The pieces of a docker-archive around the layer, and nothing of it ever whole in memory."""
    digest = hashlib.sha256()
    for piece in layer.pieces():
        digest.update(piece)
    settings = json.loads(config_of([]))
    settings["rootfs"]["diff_ids"] = ["sha256:" + digest.hexdigest()]
    settings = json.dumps(settings).encode()
    manifest = json.dumps([{"Config": "c.json", "RepoTags": ["big:1"], "Layers": ["layer.tar"]}]).encode()
    yield header("c.json", len(settings)) + settings + padding(len(settings))
    yield header("layer.tar", layer.length)
    yield from layer.pieces()
    yield padding(layer.length)
    yield header("manifest.json", len(manifest)) + manifest + padding(len(manifest)) + bytes(1024)


def test_two_gigabytes_go_in_and_out_below_64_mb(fresh_engine):
    engine = fresh_engine()
    free = os.statvfs(engine.directory)
    if free.f_bavail * free.f_frsize < 4 * SIZE:
        pytest.skip("not enough disk for two gigabytes, stored and unpacked")
    client = engine.docker.start("load", stdin=subprocess.PIPE)
    for piece in archive_of(Zeros()):
        _write_all(client.stdin, piece)
    client.stdin.close()
    out = client.stdout.read()
    assert client.wait(170) == 0 and b"Loaded image: big:1" in out, client.stderr.read()
    assert processes.peak_resident(engine.pid) < LIMIT

    saver = engine.docker.start("save", "big:1")
    total = 0
    while piece := saver.stdout.read(1 << 20):
        total += len(piece)
    assert saver.wait(60) == 0 and total > SIZE
    assert processes.peak_resident(engine.pid) < LIMIT


def _write_all(pipe, data):
    view = memoryview(data)
    while view:
        view = view[pipe.write(view) :]


def test_a_busy_output_nobody_reads_does_not_fill_the_daemon(fresh_engine):
    engine = fresh_engine()
    client = engine.docker.start("run", "--rm", "--log-driver", "none", "busybox", "sh", "-c", "yes | head -c 300000000; echo; echo end")
    assert client.stdout.read(1) == b"y"
    peak = processes.peak_resident(engine.pid)
    total, last = 1, b""
    while piece := client.stdout.read(1 << 20):
        total, last = total + len(piece), piece
    assert client.wait(60) == 0 and total == 300_000_000 + len("\nend\n") and last.endswith(b"end\n")
    assert max(peak, processes.peak_resident(engine.pid)) < LIMIT


def test_copying_large_files_is_bounded_too(fresh_engine, tmp_path):
    engine = fresh_engine()
    docker = engine.docker
    docker("run", "-d", "--name", "box", "busybox", "sleep", "1000")
    docker("exec", "box", "sh", "-c", "yes | head -c 400000000 > /big")
    reader = docker.start("cp", "box:/big", "-")
    threads = [threading.Thread(target=lambda: docker("logs", "box")) for _ in range(4)]
    for thread in threads:
        thread.start()
    total = 0
    while piece := reader.stdout.read(1 << 20):
        total += len(piece)
    for thread in threads:
        thread.join()
    assert reader.wait(60) == 0 and total > 400_000_000
    assert processes.peak_resident(engine.pid) < LIMIT
