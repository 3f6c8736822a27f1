# SPDX-License-Identifier: Apache-2.0
"""What builds have to ask for, and what the daemon lets them have: all rights, the host's network."""
import pytest
from support.engine import new_engine
from support.images import BUSYBOX, import_busybox

pytestmark = pytest.mark.hull("its own option for what builds may do")
INSECURE = f"FROM {BUSYBOX}\nRUN --security=insecure grep CapBnd /proc/self/status > /rights\n"
HOST = f"FROM {BUSYBOX}\nRUN --network=host ls /sys/class/net > /links\n"


@pytest.fixture(scope="module")
def generous(machine):
    """An engine that lets builds have all rights, and not the host's network."""
    made = new_engine(["--build-entitlement", "security.insecure"])
    try:
        import_busybox(made.start().docker)
        yield made
    finally:
        made.close()


@pytest.fixture
def build(hull, tmp_path):
    def run(text, *flags, code=0, client=hull):
        (tmp_path / "Dockerfile").write_text(text)
        return client("build", "--progress=plain", *flags, tmp_path, code=code, timeout=120)

    return run


@pytest.fixture
def generously(build, generous, hull):
    """As `build`, by the generous engine."""
    client = type(hull)(hull.program, hull.environment | {"DOCKER_HOST": f"unix://{generous.socket}"})
    return lambda *arguments, **options: build(*arguments, client=client, **options)


def test_all_rights_are_not_to_be_had(build):
    assert "security.insecure is not allowed: build with --allow" in build(INSECURE, code=1).err
    assert "granting entitlement security.insecure is not allowed by build daemon configuration" in build(INSECURE, "--allow", "security.insecure", code=1).err
    # Also when nothing in the file would use it.
    assert "not allowed by build daemon configuration" in build(f"FROM {BUSYBOX}\n", "--allow", "security.insecure", code=1).err


def test_all_rights_are_had_where_the_daemon_lets_them(generously, generous):
    assert "security.insecure is not allowed" in generously(INSECURE, code=1).err
    checks = [
        'test "$(grep CapBnd /proc/self/status)" = "$(grep CapEff /proc/self/status | sed s/Eff/Bnd/)"',
        "grep -q 'Seccomp:.*0' /proc/self/status",
        "mkdir /there && mount -t tmpfs none /there && umount /there",
        "test -c /dev/fuse -a -c /dev/loop-control -a -c /dev/kmsg -a -c /dev/net/tun -a -b /dev/loop0",
        "grep -q ' /sys sysfs rw' /proc/mounts",
        "test -w /proc/sys/kernel/hostname",
    ]
    text = INSECURE + f"RUN --security=insecure {' && '.join(checks)}\nRUN ! test -e /dev/fuse && ! mount -t tmpfs none /tmp\n"
    generously(text, "--allow", "security.insecure", "-t", "rights")
    rights = generous.docker("run", "--rm", "rights", "cat", "/rights").out.split()[-1]
    own = next(line for line in open(f"/proc/{generous.pid}/status") if line.startswith("CapBnd")).split()[-1]
    assert rights == own
    assert generous.docker("run", "--rm", "rights", "grep", "CapBnd", "/proc/self/status").out.split()[-1] == "00000000a80425fb"


def test_the_hosts_network_is_asked_for(build):
    assert "network.host is not allowed: build with --allow network.host" in build(HOST, code=1).err
    build(HOST, "--allow", "network.host")
    build(f"FROM {BUSYBOX}\nRUN true\n", "--no-cache", "--network", "host")


def test_the_hosts_network_is_had_where_the_daemon_lets_it(generously):
    assert "granting entitlement network.host is not allowed" in generously(HOST, "--allow", "network.host", code=1).err
    assert "granting entitlement network.host is not allowed" in generously(HOST, "--network", "host", code=1).err


def test_docker_without_buildx(engine, generous, tmp_path):
    """It asks for the host's network by naming it for the whole build; all rights it never gets."""
    environment = {"DOCKER_BUILDKIT": "0"}
    (tmp_path / "Dockerfile").write_text(HOST)
    assert "network.host is not allowed" in engine.docker("build", "--no-cache", tmp_path, code=1, env=environment, timeout=120).err
    engine.docker("build", "--no-cache", "--network", "host", tmp_path, env=environment, timeout=120)
    assert "network.host is not allowed" in generous.docker("build", "--network", "host", tmp_path, code=1, env=environment, timeout=120).err
    (tmp_path / "Dockerfile").write_text(INSECURE)
    assert "security.insecure is not allowed" in generous.docker("build", tmp_path, code=1, env=environment, timeout=120).err


def test_unknown_ones_are_refused(build):
    assert "unknown entitlement root" in build(f"FROM {BUSYBOX}\n", "--allow", "root", code=1).err
