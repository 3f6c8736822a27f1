# SPDX-License-Identifier: Apache-2.0
"""What volumes make of their file system: blocks that clones share, and quotas."""
import os
import shutil
import subprocess

import pytest
from support.engine import KIND, new_engine
from support.images import BUSYBOX, import_busybox

pytestmark = [
    pytest.mark.skipif(KIND == "docker", reason="Hull's own"),
    pytest.mark.skipif(not os.path.exists("/dev/loop-control"), reason="there are no loop devices to make file systems on"),
]


@pytest.fixture
def engine_on():
    """engine_on(maker, options) is an engine whose root is a file system of its own."""
    engines = []

    def start(maker, options=""):
        program = shutil.which(maker[0]) or pytest.skip(f"{maker[0]} is not installed")
        engine = new_engine()
        engines.append(engine)
        disk = engine.directory / "disk"
        with open(disk, "wb") as file:
            file.truncate(400 << 20)
        subprocess.run([program, *maker[1:], disk], check=True, capture_output=True)
        engine.root.mkdir()
        mounted = subprocess.run([*engine.host.enter, "mount", "-o", f"loop,{options}", disk, engine.root], capture_output=True, text=True)
        if mounted.returncode:
            pytest.skip(f"this kernel cannot mount it: {mounted.stderr}")
        engine.start()
        import_busybox(engine.docker)
        return engine

    yield start
    for engine in engines:
        engine.close()


@pytest.mark.parametrize("maker", [("mkfs.btrfs", "-q"), ("mkfs.xfs", "-q", "-m", "reflink=1")], ids=["btrfs", "xfs"])
def test_a_clone_shares_its_blocks(engine_on, maker):
    engine = engine_on(maker)
    engine.docker("run", "--rm", "-v", "data:/data", BUSYBOX, "sh", "-c", "head -c 100000000 /dev/urandom > /data/big; sync")

    def free():
        status = os.statvfs(engine.host.path(engine.root))
        return status.f_bavail * status.f_frsize

    before = free()
    engine.hull("volume", "clone", "data", "copy")
    assert before - free() < 20_000_000
    script = "cmp /a/big /b/big && echo same; echo x >> /a/big; cmp /a/big /b/big > /dev/null 2>&1 || echo parted"
    assert engine.docker("run", "--rm", "-v", "data:/a", "-v", "copy:/b", BUSYBOX, "sh", "-c", script).lines == ["same", "parted"]


@pytest.mark.parametrize("maker", [("mkfs.ext4", "-q", "-O", "quota,project", "-E", "quotatype=prjquota"), ("mkfs.xfs", "-q")], ids=["ext4", "xfs"])
def test_a_project_quota_keeps_a_volume_to_its_size(engine_on, maker):
    engine = engine_on(maker, "prjquota")
    engine.hull("volume", "create", "--size", "10m", "small")
    space = engine.api("GET", "/hull/volumes/small/usage").json()
    assert (space["Limit"], space["LimitedBy"]) == (10 << 20, "project quota")
    script = "exec 2>&1; head -c 4000000 /dev/zero > /data/fits && echo fits; head -c 20000000 /dev/zero > /data/more || echo full; rm /data/more"
    assert {"fits", "full"} <= set(engine.docker("run", "--rm", "-v", "small:/data", BUSYBOX, "sh", "-c", script).lines)
    engine.hull("volume", "clone", "small", "second")
    engine.hull("volume", "rename", "small", "first")
    engine.kill()
    engine.start()
    for volume in ("first", "second"):
        assert engine.api("GET", f"/hull/volumes/{volume}/usage").json()["LimitedBy"] == "project quota"
        assert "full" in engine.docker("run", "--rm", "-v", f"{volume}:/data", BUSYBOX, "sh", "-c", script).lines
        engine.docker("volume", "rm", volume)
    engine.hull("volume", "create", "large")
    assert "full" not in engine.docker("run", "--rm", "-v", "large:/data", BUSYBOX, "sh", "-c", script).lines
