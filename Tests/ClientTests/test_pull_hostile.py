# SPDX-License-Identifier: Apache-2.0
"""What a registry may send that no registry should: a clear error that names reference and blob, nothing half-stored, bounded memory."""
import gzip
import json
import time

import pytest
from support import leaks, processes
from support.archives import OCI, digest
from support.engine import KIND
from support.faulty import document, drip, endless, flipped, range_told_wrong, ranges_ignored, status, truncated, wrong_range
from support.images import regular, tar_of
from support.registries import DOCKER, descriptor, image_of

pytestmark = [
    pytest.mark.skipif(KIND == "docker", reason="hull: what Docker says and keeps is its own"),
    pytest.mark.usefixtures("tidy_images"),
    pytest.mark.timeout(240),
]
PEAK = 100 << 10  # KiB
MANIFEST = f"{OCI}.manifest.v1+json"
INDEX = f"{OCI}.index.v1+json"


class Site:
    """The engine, a registry with an image, and a proxy in between."""

    def __init__(self, engine, registry_on, proxy_on, name):
        self.engine, self.name = engine, name
        self.registry = registry_on(engine.host)
        self.layer = tar_of(lambda archive: regular(archive, name, name.encode() * 60_000))
        self.registry.put_image(name, "one", [self.layer], compress=None)
        self.manifest, self.digest = self.registry.manifest(name, "one")
        self.blob = self.manifest["layers"][0]["digest"]
        self.config = self.manifest["config"]["digest"]
        self.proxy = proxy_on(engine.host)
        self.reference = f"{self.proxy.address}/{name}:one"

    def answer(self, manifest, kind=MANIFEST):
        """From now on that is the manifest, whatever its digest; returns its digest."""
        data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        for method in ("GET", "HEAD"):
            self.proxy.when("/manifests/", document(data, kind, {"Docker-Content-Digest": digest(data)}), method)
        return digest(data)

    def refused(self, *words, reference=None, keeps_partial=False):
        """The pull fails with a message that holds the words; nothing is stored and the daemon stays small. Gives the message."""
        before = self.stored(keeps_partial)
        processes.reset_peak(self.engine.pid)
        message = self.engine.docker("pull", reference or self.reference, code=1, timeout=180).err
        for word in (reference or self.reference, *words):
            assert word in message, message
        assert message.isprintable() and len(message) < 2000
        assert self.stored(keeps_partial) == before
        assert processes.peak_resident(self.engine.pid) < PEAK
        return message

    def stored(self, keeps_partial):
        """Every file of content and layers; without what a later pull goes on with when `keeps_partial`."""
        files = leaks.files(self.engine.root / "content", self.engine.root / "layers")
        return [file for file in files if not (keeps_partial and "/partial/" in file)]

    def pulled(self):
        """The pull works once the proxy is honest again."""
        self.proxy.heal()
        self.engine.docker("pull", self.reference)


@pytest.fixture
def site(engine, registry_on, proxy_on, name):
    return Site(engine, registry_on, proxy_on, name)


# Blobs.


def test_a_layer_with_a_wrong_byte_is_refused(site):
    site.proxy.when(site.blob, flipped(1000))
    site.refused(site.blob)
    site.pulled()


def test_a_configuration_with_a_wrong_byte_is_refused(site):
    site.proxy.when(site.config, flipped(10))
    site.refused(site.config)
    site.pulled()


def test_a_truncated_blob_is_refused(site):
    site.proxy.when(site.blob, truncated(10_000))
    site.refused(site.blob, keeps_partial=True)
    site.pulled()


@pytest.mark.parametrize("difference", [-100, 100])
def test_a_wrong_size_in_the_manifest_is_refused(site, difference):
    site.manifest["layers"][0]["size"] += difference
    site.answer(site.manifest)
    site.refused(site.blob)
    site.pulled()


@pytest.mark.parametrize("size", [-1, 1 << 62])
def test_a_size_that_cannot_be_is_refused(site, size):
    site.manifest["layers"][0]["size"] = size
    site.answer(site.manifest)
    site.refused()
    site.pulled()


@pytest.mark.parametrize("length", [None, 10**12], ids=["chunks", "length"])
def test_an_endless_layer_is_cut_off(site, length):
    site.proxy.when(site.blob, endless(length=length))
    site.refused(site.blob)
    site.pulled()


def test_an_endless_configuration_is_cut_off(site):
    site.proxy.when(site.config, endless())
    site.refused(site.config)


@pytest.mark.parametrize("fault", [ranges_ignored(), range_told_wrong(), wrong_range(100)], ids=["ignored", "told wrong", "other bytes"])
def test_lies_about_ranges_harm_nobody(engine, site, fault):
    """A cut makes the engine ask for a range. What comes then is right, or is not believed."""
    big = tar_of(lambda archive: regular(archive, site.name, bytes(range(256)) * 160_000))
    site.registry.put_image(site.name, "big", [big], compress=None)
    blob = site.registry.manifest(site.name, "big")[0]["layers"][0]["digest"]
    site.proxy.when(blob, fault)
    pulled = engine.docker("pull", f"{site.proxy.address}/{site.name}:big", code=None, timeout=120)
    if pulled.code == 0:
        content = engine.docker("export", engine.docker("create", f"{site.proxy.address}/{site.name}:big", "/none").out).stdout
        assert bytes(range(256)) * 160_000 in content
    else:
        assert blob in pulled.err and f"{site.name}:big" in pulled.err


def test_a_layer_that_is_no_archive_is_refused(site):
    rubbish = b"no archive at all" * 5000
    manifest, blobs = image_of([rubbish])
    for data in blobs:
        site.registry.put_blob(site.name, data)
    site.answer(manifest)
    site.refused(manifest["layers"][0]["digest"])


def test_a_layer_of_another_diff_id_is_refused(site):
    other = tar_of(lambda archive: regular(archive, "other", b"other"))
    manifest, blobs = image_of([site.layer])
    site.registry.put_blob(site.name, other)
    manifest["layers"] = [descriptor(f"{OCI}.layer.v1.tar", other)]
    site.registry.put_blob(site.name, blobs[0])
    site.answer(manifest)
    site.refused(digest(other))


def test_a_bomb_is_refused(site):
    """A gigabyte of nothing in a megabyte, whose configuration tells another diff ID."""
    bomb = gzip.compress(tar_of(lambda archive: regular(archive, "zero", bytes(200 << 20))), 9)
    manifest, blobs = image_of([site.layer])
    site.registry.put_blob(site.name, bomb)
    site.registry.put_blob(site.name, blobs[0])
    manifest["layers"] = [descriptor(f"{OCI}.layer.v1.tar+gzip", bomb)]
    site.answer(manifest)
    site.refused(digest(bomb))


# Manifests.


def test_a_manifest_of_another_digest_than_asked_for_is_refused(site):
    site.answer(site.manifest | {"annotations": {"a": "b"}})
    site.refused(site.digest, reference=f"{site.proxy.address}/{site.name}@{site.digest}")


def test_an_index_whose_manifest_is_another_is_refused(site):
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(MANIFEST, b"{}") | {"platform": {"os": "linux", "architecture": "amd64"}}]}
    site.proxy.when(f"/manifests/{digest(b'{}')}", document(json.dumps(site.manifest).encode(), MANIFEST))
    site.answer(index, INDEX)
    site.refused(digest(b"{}"))


def test_ten_megabytes_of_manifest_are_refused(site):
    site.answer(json.dumps(site.manifest | {"annotations": {"a": "x" * (10 << 20)}}).encode())
    site.refused("manifest")


def test_an_endless_manifest_is_cut_off(site):
    site.proxy.when("/manifests/", status(404), "HEAD")
    site.proxy.when("/manifests/", endless(b'{"schemaVersion":2,'))
    site.refused("manifest")


@pytest.mark.parametrize("depth", [2, 40])
def test_indexes_in_indexes_end_somewhere(engine, site, depth):
    """Two deep is allowed by the specification; forty is nobody's image."""
    inner = {"mediaType": MANIFEST, "digest": site.digest, "size": len(json.dumps(site.manifest)), "platform": {"os": "linux", "architecture": "amd64"}}
    inner["size"] = int(site.registry.request("HEAD", f"/v2/{site.name}/manifests/{site.digest}", headers={"Accept": MANIFEST})[1]["content-length"])
    for level in range(depth):
        inner = site.registry.put_index(site.name, f"level{level}", [inner]) | {"platform": {"os": "linux", "architecture": "amd64"}}
    reference = f"{site.registry.address}/{site.name}:level{depth - 1}"
    if depth == 2:
        pulled = engine.docker("pull", reference, code=None)
        assert pulled.code == 0 or reference in pulled.err
    else:
        site.refused(reference=reference)


@pytest.mark.parametrize(
    "kind, body",
    [
        ("text/html", b"<html>log in at the hotel's network</html>"),
        (MANIFEST, b"<html>log in at the hotel's network</html>"),
        (MANIFEST, b"[" * 100_000),
        (MANIFEST, b'{"schemaVersion":2,"mediaType":"application/vnd.example+json"}'),
        (f"{DOCKER}.manifest.v1+prettyjws", b'{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[]}'),
        ("application/x-unknown", b'{"schemaVersion":2}'),
        (MANIFEST, b"\xff\xfe\x00"),
        (MANIFEST, b""),
    ],
    ids=["html", "html as manifest", "deep", "other kind", "schema 1", "unknown", "no text", "empty"],
)
def test_what_is_no_manifest_is_refused(site, kind, body):
    site.answer(body, kind)
    site.refused()


def test_an_unknown_kind_of_layer_is_refused(site):
    site.manifest["layers"][0]["mediaType"] = "application/vnd.example.layer"
    site.answer(site.manifest)
    site.refused("application/vnd.example.layer")


@pytest.mark.parametrize("text", ["sha256:../../../../etc/passwd", "sha256:" + "0" * 63, "sha256:" + "G" * 64, "md5:" + "0" * 32, "", "\u001b[2J\r\nx", "sha256:" + "a" * 10_000])
def test_a_hostile_digest_is_refused(site, text):
    site.manifest["layers"][0]["digest"] = text
    site.answer(site.manifest)
    site.refused()


def test_ten_thousand_layers_are_refused(site):
    site.manifest["layers"] = site.manifest["layers"] * 10_000
    site.answer(site.manifest)
    site.refused()


def test_a_configuration_of_other_layers_is_refused(site):
    manifest, blobs = image_of([site.layer, site.layer + bytes(512)], compress=None)
    for data in blobs:
        site.registry.put_blob(site.name, data)
    manifest["layers"] = manifest["layers"][:1]
    site.answer(manifest)
    site.refused()


@pytest.mark.parametrize("message", ["\u001b[31mred\u001b[0m\r\nError response from daemon: other", "x" * 100_000])
def test_what_a_registry_says_is_told_in_one_short_line(site, message):
    site.proxy.when("/manifests/", status(404, body=json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN", "message": message}]}).encode()))
    site.proxy.when("/manifests/", status(404), "HEAD")
    site.refused()


# Time.


def test_a_slow_registry_is_waited_for(site):
    site.proxy.when(site.blob, drip(20_000, 0.2))
    begin = time.monotonic()
    site.engine.docker("pull", site.reference)
    assert time.monotonic() - begin > 3


def test_redirects_in_a_circle_end(site):
    site.proxy.when("/blobs/", status(307, {"Location": f"http://{site.proxy.address}/v2/{site.name}/blobs/{site.blob}"}))
    site.refused(site.blob, keeps_partial=True)
    site.pulled()


def test_a_redirect_to_a_file_is_refused(site):
    site.proxy.when(site.blob, status(307, {"Location": "file:///etc/passwd"}))
    site.refused(site.blob, keeps_partial=True)
