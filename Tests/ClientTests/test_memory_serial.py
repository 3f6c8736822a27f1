# SPDX-License-Identifier: Apache-2.0
"""Streams pass through the daemon in bounded memory, however large they are."""
import hashlib
import json
import os
import socket
import subprocess
import tarfile
import threading

import dns.message
import pytest
from support import processes
from support.archives import config_of
from support.engine import KIND
from support.hosts import Namespace
from support.names import EMBEDDED, look_up
from support.waiting import until

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


SHIM_LIMIT = 4 << 10  # KiB


@pytest.mark.parametrize("outside", ["silent", "absent"])
def test_a_flood_of_questions_for_names_leaves_a_shim_small(fresh_engine, outside):
    """By UDP and TCP, more than the name server takes at a time, most of them about names that a server outside would have to answer."""
    engine = fresh_engine()
    docker = engine.docker
    docker("network", "create", "asking")
    docker("run", "-d", "--name", "known", "--network", "asking", "busybox", "sleep", "1000")
    docker("run", "-d", "--name", "box", "--network", "asking", "busybox", "sleep", "1000")
    pid = int(docker("inspect", "-f", "{{.State.Pid}}", "box").out)
    shim, where = processes.parent(pid), Namespace(pid)
    assert look_up(where, "known")
    silent = engine.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if outside == "silent":
        silent.bind(("127.0.0.1", 53))
    processes.reset_peak(shim)
    with silent:
        _flood(where, 30_000)
        _open_streams(where, 400)
        assert processes.peak_resident(shim) < 2 * SHIM_LIMIT
        assert look_up(where, "known")
        before = processes.private(shim)
        _flood(where, 30_000)
        assert processes.private(shim) < before + 256
    until(lambda: processes.resident(shim) < SHIM_LIMIT, "an idle shim is small again", 20)
    until(lambda: len(os.listdir(f"/proc/{shim}/fd")) < 32, "nothing is waited for any more", 20)
    assert look_up(where, "known")


def _flood(where, count):
    """Questions of all sizes, as fast as they go, and nobody waits for the answers."""
    with where.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((EMBEDDED, 53))
        client.setblocking(False)
        for number in range(count):
            name = "known" if number % 10 == 0 else f"{'x' * (number % 60 + 1)}.{number}.test"
            try:
                client.send(dns.message.make_query(name, "A").to_wire() if number % 100 else os.urandom(number % 600))
            except BlockingIOError:
                pass


def _open_streams(where, count):
    """Connections that ask half a question, or one without waiting, and stay."""
    streams = []
    for number in range(count):
        client = where.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.settimeout(2)
        streams.append(client)
        try:
            client.connect((EMBEDDED, 53))
            wire = dns.message.make_query(f"n{number}.test", "A").to_wire()
            client.send(len(wire).to_bytes(2, "big") + (wire if number % 2 else wire[:5]))
        except OSError:
            pass  # the server makes room for others by closing the oldest
    for client in streams:
        client.close()
