# SPDX-License-Identifier: Apache-2.0
"""What a build of a context with very many files costs the daemon in memory, at its peak and afterwards."""
import tarfile

import pytest
from support import processes
from support.engine import KIND
from support.images import BUSYBOX
from support.waiting import until

pytestmark = pytest.mark.skipif(KIND == "docker", reason="hull: it is its own budget")
FILES = 100_000
MEBIBYTE = 1 << 10  # in the KiB of /proc
PEAK, AFTER = 150 * MEBIBYTE, 60 * MEBIBYTE
CLASSIC = {"DOCKER_BUILDKIT": "0"}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A directory with 100,000 files, and a Dockerfile that copies them."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "Dockerfile").write_text(f"FROM {BUSYBOX}\nCOPY . /context\n")
    for number in range(FILES):
        place = folder / f"directory-{number // 1000}"
        place.mkdir(exist_ok=True)
        (place / f"a file with a name {number}").write_text(f"file {number}\n")
    return folder


def by_docker(engine, folder):
    engine.docker("build", "-q", folder, env=CLASSIC, timeout=300)


def by_hull(engine, folder):
    engine.hull("build", "-q", folder, timeout=300)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("build", [by_docker, by_hull])
def test_a_context_of_100000_files_costs_little_memory(fresh_engine, many, build):
    engine = fresh_engine()
    engine.docker("run", "--rm", BUSYBOX, "true")
    processes.reset_peak(engine.pid)
    build(engine, many)
    first = processes.peak_resident(engine.pid)
    processes.reset_peak(engine.pid)
    build(engine, many)
    print(f"{build.__name__}: peak {first >> 10} MiB, when nothing has changed {processes.peak_resident(engine.pid) >> 10} MiB")
    until(lambda: processes.resident(engine.pid) < AFTER, lambda: f"below 60 MiB when idle (now {processes.resident(engine.pid)} KiB)", 30, every=1)
    assert first < PEAK
