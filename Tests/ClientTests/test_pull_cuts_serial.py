# SPDX-License-Identifier: Apache-2.0
"""Pulls that are cut: the connection, the daemon. What has come is not fetched again."""
import io
import random
import tarfile
import time

import pytest
from support.engine import KIND
from support.faulty import cut, drip, flipped, stall, status
from support.images import regular, tar_of
from support.waiting import until

pytestmark = [pytest.mark.skipif(KIND == "docker", reason="hull: Docker 20.10 begins anew after a kill, and gives up what it cannot resume"), pytest.mark.timeout(400)]
POINTS = 10
# One that is fetched in several ranges, one in one piece, a small one. They do not compress.
SIZES = (40 << 20, 6 << 20, 100 << 10)
# What may be fetched twice after a cut: the block that each of a blob's four connections had read and not yet written, and what the sockets hold.
IN_FLIGHT = 4 * ((512 << 10) + (256 << 10))


@pytest.fixture(scope="module")
def contents():
    """A file by name for each layer."""
    return {f"data-{size}": random.Random(size).randbytes(size) for size in SIZES}


class Site:
    """An engine that pulls an image of three layers through a proxy that counts."""

    def __init__(self, engine, registry_on, proxy_on, contents):
        self.engine, self.contents = engine, contents
        self.registry = registry_on(engine.host)
        layers = [tar_of(lambda archive, name=name: regular(archive, name, contents[name])) for name in contents]
        self.registry.put_image("cut", "one", layers, compress=None)
        self.proxy = proxy_on(engine.host, narrow=True)
        self.reference = f"{self.proxy.address}/cut:one"
        self.blobs = {layer["digest"]: layer["size"] for layer in self.registry.manifest("cut", "one")[0]["layers"]}
        self.size = sum(self.blobs.values())

    def begin(self):
        """Nothing has been pulled, nothing sent."""
        self.engine.docker("rmi", "-f", self.reference, code=None)
        self.proxy.heal()
        self.proxy.sent.clear()
        self.proxy.total = 0

    def fetched_twice(self):
        return {blob[7:19]: self.proxy.bytes_of(blob) - size for blob, size in self.blobs.items()}

    def check(self, cuts=1):
        """The image is whole; no blob was sent less than once, and not more of it twice than what was under way."""
        twice = self.fetched_twice()
        assert min(twice.values()) >= 0 and max(twice.values()) <= cuts * IN_FLIGHT, f"bytes sent again, by blob: {twice}"
        container = self.engine.docker("create", self.reference, "/none").out
        exported = self.engine.docker("export", container).stdout
        self.engine.docker("rm", container)
        with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
            assert all(archive.extractfile(name).read() == data for name, data in self.contents.items())


@pytest.fixture
def site(fresh_engine, registry_on, proxy_on, contents):
    return Site(fresh_engine(busybox=False), registry_on, proxy_on, contents)


def test_a_whole_pull_fetches_every_byte_once(site):
    site.begin()
    site.engine.docker("pull", site.reference)
    assert set(site.fetched_twice().values()) == {0}
    site.check()


@pytest.mark.parametrize("number", range(POINTS))
def test_a_pull_whose_connections_are_cut_completes(site, number):
    site.begin()
    point = random.Random(number).randrange(site.size)
    site.proxy.cut_at(point)
    if site.engine.docker("pull", site.reference, code=None).code != 0:
        site.engine.docker("pull", site.reference)
    assert site.proxy.stop_at is None, "nothing was cut"
    site.check()


@pytest.mark.parametrize("number", range(POINTS))
def test_a_pull_whose_daemon_is_killed_completes(site, number):
    site.begin()
    point = random.Random(100 + number).randrange(site.size)
    site.proxy.when("/blobs/", drip(16384, 0.0005))
    client = site.engine.docker.start("pull", site.reference)
    until(lambda: site.proxy.total >= point, f"{point} bytes are sent", 60, every=0.001)
    site.engine.kill()
    assert client.wait(30) != 0
    for stream in (client.stdin, client.stdout, client.stderr):
        stream.close()
    site.engine.start()
    site.proxy.heal()
    site.engine.docker("pull", site.reference)
    site.check()


def test_a_layer_that_has_come_is_kept_when_another_fails(site):
    site.begin()
    large, *others = sorted(site.blobs, key=site.blobs.get, reverse=True)
    site.proxy.when(large, flipped(8 << 20))
    site.engine.docker("pull", site.reference, code=1)
    site.engine.kill()
    site.engine.start()
    site.proxy.heal()
    site.engine.docker("pull", site.reference)
    assert all(site.fetched_twice()[blob[7:19]] == 0 for blob in others)


def test_many_cuts_in_one_pull_are_survived(site):
    site.begin()
    site.proxy.when("/blobs/", cut(3 << 20))
    site.engine.docker("pull", site.reference, timeout=120)
    site.check(cuts=site.size // (3 << 20) + 2)


def test_a_pull_that_stalls_is_taken_up_again(site):
    """Nothing comes for half a minute: the connection is given up, the rest fetched by another."""
    site.begin()
    small = min(site.blobs, key=site.blobs.get)
    site.proxy.when(small, stall(50_000), times=1)
    begin = time.monotonic()
    site.engine.docker("pull", site.reference, timeout=120)
    assert time.monotonic() - begin < 60
    site.check()


def test_a_registry_that_wants_fewer_requests_is_waited_for(site):
    site.begin()
    site.proxy.when("/blobs/", status(429, {"Retry-After": "2"}), times=1)
    begin = time.monotonic()
    site.engine.docker("pull", site.reference)
    assert time.monotonic() - begin >= 2
    site.check()


def test_a_limit_that_lasts_is_told(site):
    site.begin()
    site.proxy.when("/manifests/", status(429, {"Retry-After": "3600"}))
    message = site.engine.docker("pull", site.reference, code=1, timeout=120).err
    assert "toomanyrequests: slow down" in message and site.reference in message


def test_a_registry_that_cannot_just_now_is_asked_again(site):
    site.begin()
    site.proxy.when("/blobs/", status(503, body=b"busy"), times=2)
    site.proxy.when("/manifests/", status(503, body=b"busy"), times=1)
    site.engine.docker("pull", site.reference)
    site.check()


def test_two_pulls_of_one_image_fetch_it_once(site):
    site.begin()
    clients = [site.engine.docker.start("pull", site.reference) for _ in range(3)]
    for client in clients:
        _, errors = client.communicate(timeout=120)
        assert client.returncode == 0, errors
    site.check()


def test_a_client_that_goes_away_ends_its_pull(site):
    site.begin()
    site.proxy.when("/blobs/", drip(1000, 0.1))
    client = site.engine.docker.start("pull", site.reference)
    until(lambda: site.proxy.total > 0, "the pull has begun", 20)
    client.kill()
    client.communicate()
    until(lambda: not site.proxy.busy, "nothing more is fetched", 20)
    site.proxy.heal()
    site.engine.docker("pull", site.reference)
    site.check()


def test_what_a_power_failure_left_wrong_is_fetched_anew_by_all_who_want_it(site):
    """The map of a download may have reached the disk before its bytes did: two pulls that share it begin anew, once."""
    layers = [tar_of(lambda archive, name=name: regular(archive, name, site.contents[name])) for name in site.contents]
    site.registry.put_image("cut", "two", layers, compress=None)
    site.begin()
    site.proxy.when("/blobs/", drip(16384, 0.0005))
    client = site.engine.docker.start("pull", site.reference)
    until(lambda: site.proxy.total >= site.size // 2, "half of it is sent", 60, every=0.001)
    site.engine.kill()
    client.wait(30)
    for stream in (client.stdin, client.stdout, client.stderr):
        stream.close()
    for left in (site.engine.root / "content" / "partial").iterdir():
        if left.suffix != ".map":
            with open(left, "r+b") as file:
                file.write(b"not yet on the disk")
    site.engine.start()
    site.proxy.heal()
    pulls = [site.engine.docker.start("pull", f"{site.proxy.address}/cut:{tag}") for tag in ("one", "two")]
    for pull in pulls:
        out, err = pull.communicate(timeout=120)
        assert pull.returncode == 0, (out, err)
    container = site.engine.docker("create", f"{site.proxy.address}/cut:two", "/none").out
    with tarfile.open(fileobj=io.BytesIO(site.engine.docker("export", container).stdout)) as archive:
        assert all(archive.extractfile(name).read() == data for name, data in site.contents.items())
    assert not list((site.engine.root / "content" / "partial").iterdir())
