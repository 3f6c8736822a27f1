# SPDX-License-Identifier: Apache-2.0
"""hull-registry against the distribution specification, point by point, over raw HTTP."""
import json
import os
import threading

import pytest
from support.registry import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Registry, descriptor, digest, image, location, with_digest
from support.waiting import until

CHUNK = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def registry(machine):
    with Registry() as registry:
        yield registry


@pytest.fixture
def name(request):
    return f"tests/{request.node.originalname.replace('_', '-')}"


def test_the_version_check(registry):
    answer = registry("GET", "/v2/")
    assert answer.status == 200
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


# Pull


def test_a_manifest_by_tag_and_by_digest(registry, name):
    wanted = registry.image(name, "v1")
    for reference in ("v1", wanted):
        for _ in range(2):  # the second answer comes from memory
            got = registry("GET", f"/v2/{name}/manifests/{reference}")
            assert (got.status, got.headers["Content-Type"], got.headers["Docker-Content-Digest"]) == (200, OCI_MANIFEST, wanted)
            assert digest(got.body) == wanted
            head = registry("HEAD", f"/v2/{name}/manifests/{reference}")
            assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(got.body)))
            same = registry("GET", f"/v2/{name}/manifests/{reference}", headers={"If-None-Match": got.headers["ETag"]})
            assert (same.status, same.body) == (304, b"")


@pytest.mark.parametrize("path, code", [
    ("manifests/nothere", "MANIFEST_UNKNOWN"),
    ("manifests/sha256:" + "0" * 64, "MANIFEST_UNKNOWN"),
    ("manifests/sha256:xyz", "DIGEST_INVALID"),
    ("blobs/sha256:" + "0" * 64, "BLOB_UNKNOWN"),
    ("blobs/sha256:xyz", "DIGEST_INVALID"),
    ("blobs/uploads/0123", "BLOB_UPLOAD_UNKNOWN"),
    ("tags/list", "NAME_UNKNOWN"),
])  # fmt: skip
def test_what_is_not_there(registry, path, code):
    answer = registry("GET", f"/v2/not/there/{path}")
    assert (answer.status, answer.code) == (400 if "INVALID" in code else 404, code)
    assert answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("bad", ["UPPER", "a//b", "..", "a/../../etc", "%2e%2e/%2e%2e/etc", "a%00b", "_catalog/x", "x" * 300])
def test_hostile_names(registry, bad):
    assert registry("GET", f"/v2/{bad}/manifests/latest").status in (400, 404)
    assert registry("PUT", f"/v2/{bad}/manifests/latest", b"{}").status in (400, 404)


def test_ranges_of_a_blob(registry, name):
    content = bytes(range(256)) * 40
    path = f"/v2/{name}/blobs/{registry.blob(name, content)}"
    for _ in range(2):  # the second time from the front
        for header, part in (("bytes=0-9", content[:10]), ("bytes=100-", content[100:]), ("bytes=-7", content[-7:]), ("bytes=9-99999999", content[9:])):
            answer = registry("GET", path, headers={"Range": header})
            assert (answer.status, answer.body) == (206, part)
            assert answer.headers["Content-Range"].endswith(f"/{len(content)}")
        beyond = registry("GET", path, headers={"Range": f"bytes={len(content)}-"})
        assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
        for ignored in ("bytes=5-1", "bytes=0-1,4-5", "lines=1-2", "bytes=x-y"):
            assert registry("GET", path, headers={"Range": ignored}).body == content
        assert registry("GET", path).body == content
    assert registry("HEAD", path).headers["Content-Length"] == str(len(content))


def test_requests_in_a_row_are_answered_in_order(registry, name):
    """Pipelined: from memory, from a file, and by way of the slow path, on one connection."""
    content = b"z" * 3_000_000
    blob = registry.blob(name, content)
    registry.image(name, "v1")
    paths = [f"/v2/{name}/manifests/v1", f"/v2/{name}/blobs/{blob}", f"/v2/{name}/tags/list", f"/v2/{name}/blobs/{blob}", f"/v2/{name}/manifests/v1"] * 3
    expected = [registry("GET", path).body for path in paths]
    connection = registry.connection()
    connection.connect()
    connection.sock.sendall("".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths).encode())
    stream = connection.sock.makefile("rb")
    for body in expected:
        assert stream.readline().startswith(b"HTTP/1.1 200")
        headers = dict(line.decode().strip().lower().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
        assert stream.read(int(headers["content-length"])) == body
    connection.close()


# Push


def test_a_blob_in_one_request(registry, name):
    content = b"monolithic"
    answer = registry("POST", f"/v2/{name}/blobs/uploads/?digest={digest(content)}", content, CHUNK)
    assert answer.status == 201
    assert registry("GET", location(answer)).body == content


def test_a_blob_in_chunks(registry, name):
    path = registry.begin(name)
    for start, chunk in ((0, b"first"), (5, b"second")):
        answer = registry("PATCH", path, chunk, {**CHUNK, "Content-Range": f"{start}-{start + len(chunk) - 1}"})
        assert (answer.status, answer.headers["Range"]) == (202, f"0-{start + len(chunk) - 1}")
        path = location(answer)
    wrong = registry("PATCH", path, b"x", {**CHUNK, "Content-Range": "3-3"})
    assert (wrong.status, wrong.headers["Range"]) == (416, "0-10")
    status = registry("GET", path)
    assert (status.status, status.headers["Range"]) == (204, "0-10")
    done = registry("PUT", with_digest(path, digest(b"firstsecondlast")), b"last", {**CHUNK, "Content-Range": "11-14"})
    assert done.status == 201
    assert registry("GET", location(done)).body == b"firstsecondlast"


def test_a_streamed_blob(registry, name):
    path = registry.begin(name)
    answer = registry("PATCH", path, iter([b"a" * 1000, b"b" * 100_000, b"c"]), {**CHUNK, "Transfer-Encoding": "chunked"})
    assert answer.status == 202
    content = b"a" * 1000 + b"b" * 100_000 + b"c"
    assert registry("PUT", with_digest(location(answer), digest(content))).status == 201


def test_sha512(registry, name):
    content = b"by another sum"
    done = registry("PUT", with_digest(registry.begin(name), digest(content, "sha512")), content, CHUNK)
    assert done.status == 201
    assert registry("GET", f"/v2/{name}/blobs/{digest(content, 'sha512')}").body == content


def test_a_wrong_digest(registry, name):
    path = registry.begin(name)
    answer = registry("PUT", with_digest(path, digest(b"other")), b"content", CHUNK)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert registry("GET", f"/v2/{name}/blobs/{digest(b'other')}").status == 404
    assert registry("GET", path).status == 404


def test_an_upload_that_is_cancelled(registry, name):
    path = registry.begin(name)
    assert registry("DELETE", path).status == 204
    assert registry("PATCH", path, b"x", CHUNK).status == 404


def test_an_upload_survives_kill_9(name):
    with Registry() as registry:
        path = registry.begin(name)
        first = b"x" * 1_000_000
        path = location(registry("PATCH", path, first, CHUNK))
        registry.kill()
        registry.start()
        assert registry("GET", path).headers["Range"] == "0-999999"
        content = first + b"rest"
        assert registry("PUT", with_digest(path, digest(content)), b"rest", {**CHUNK, "Content-Range": "1000000-1000003"}).status == 201
        assert registry("GET", f"/v2/{name}/blobs/{digest(content)}").body == content


def test_a_cut_upload_keeps_what_arrived(registry, name):
    path = registry.begin(name)
    connection = registry.connection()
    connection.putrequest("PATCH", path)
    connection.putheader("Content-Length", "2000000")
    connection.endheaders()
    connection.send(b"y" * 700_000)
    connection.close()
    def arrived():
        kept = int(registry("GET", path).headers["Range"].split("-")[1]) + 1
        answer = registry("PATCH", path, b"", {**CHUNK})
        return answer.status == 202 and kept == 700_000

    until(arrived, "the cut request has ended and its bytes are kept", 10)


def test_mounting(registry, name):
    blob = registry.blob(name, b"to be mounted")
    answer = registry("POST", f"/v2/{name}-2/blobs/uploads/?mount={blob}&from={name}")
    assert (answer.status, location(answer)) == (201, f"/v2/{name}-2/blobs/{blob}")
    assert registry("GET", location(answer)).body == b"to be mounted"
    assert registry("POST", f"/v2/{name}-3/blobs/uploads/?mount={blob}").status == 201
    unknown = registry("POST", f"/v2/{name}-2/blobs/uploads/?mount={digest(b'unknown')}&from={name}")
    assert unknown.status == 202
    assert "/blobs/uploads/" in location(unknown)


@pytest.mark.parametrize("content, media_type, code", [
    (b"{", OCI_MANIFEST, "MANIFEST_INVALID"),
    (b'{"schemaVersion":2}', OCI_MANIFEST, "MANIFEST_INVALID"),
    (json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode(), OCI_MANIFEST, "MANIFEST_INVALID"),
    (b" " * (5 << 20), OCI_MANIFEST, "SIZE_INVALID"),
])  # fmt: skip
def test_manifests_that_are_refused(registry, name, content, media_type, code):
    answer = registry("PUT", f"/v2/{name}/manifests/v1", content, {"Content-Type": media_type})
    assert answer.status in (400, 413)
    assert answer.code == code


def test_a_manifest_whose_blobs_are_missing(registry, name):
    registry.blob(name, b"{}")
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(b"{}", OCI_CONFIG), "layers": [descriptor(b"nowhere", OCI_LAYER)]}
    answer = registry("PUT", f"/v2/{name}/manifests/v1", json.dumps(manifest).encode(), {"Content-Type": OCI_MANIFEST})
    assert (answer.status, answer.code) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert answer.json()["errors"][0]["detail"] == [{"digest": digest(b"nowhere")}]


def test_an_index(registry, name):
    manifest = image(registry, name)
    registry.manifest(name, digest(manifest), manifest)
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(manifest, OCI_MANIFEST)]}).encode()
    registry.manifest(name, "multi", index, OCI_INDEX)
    assert registry("GET", f"/v2/{name}/manifests/multi").headers["Content-Type"] == OCI_INDEX
    sparse = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(b"nowhere", OCI_MANIFEST)]}).encode()
    assert registry("PUT", f"/v2/{name}/manifests/x", sparse, {"Content-Type": OCI_INDEX}).code == "MANIFEST_BLOB_UNKNOWN"


def test_an_index_of_blobs(registry, name):
    """The older form of BuildKit's caches: layers where an index has manifests."""
    registry.blob(name, b"layer")
    registry.blob(name, b"{}")
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(b"layer", OCI_LAYER), descriptor(b"{}", "application/vnd.buildkit.cacheconfig.v0")]}
    registry.manifest(name, "cache", json.dumps(index).encode(), OCI_INDEX)
    assert registry("GET", f"/v2/{name}/blobs/{digest(b'layer')}").body == b"layer"
    index["manifests"].append(descriptor(b"nowhere", OCI_LAYER))
    answer = registry("PUT", f"/v2/{name}/manifests/broken", json.dumps(index).encode(), {"Content-Type": OCI_INDEX})
    assert answer.json()["errors"][0]["detail"] == [{"digest": digest(b"nowhere")}]


# Discovery and management


def test_tags_in_pages(registry, name):
    for tag in ("b", "a", "d", "c"):
        registry.image(name, tag)
    assert registry.tags(name) == ["a", "b", "c", "d"]
    page = registry("GET", f"/v2/{name}/tags/list?n=2")
    assert page.json()["tags"] == ["a", "b"]
    following = page.headers["Link"].split(">")[0][1:]
    rest = registry("GET", following)
    assert rest.json()["tags"] == ["c", "d"]
    assert rest.headers["Link"] is None
    assert registry("GET", f"/v2/{name}/tags/list?n=0").json()["tags"] == []
    assert registry("GET", f"/v2/{name}/tags/list?last=c").json()["tags"] == ["d"]
    assert registry("GET", f"/v2/{name}/tags/list?n=x").status == 400


def test_the_catalog_in_pages(registry, name):
    for number in range(3):
        registry.image(f"{name}/{number}", "v1")
    page = registry("GET", f"/v2/_catalog?n=2&last={name}")
    assert page.json()["repositories"] == [f"{name}/0", f"{name}/1"]
    assert registry("GET", page.headers["Link"].split(">")[0][1:]).json()["repositories"][0] == f"{name}/2"


def test_referrers(registry, name):
    subject = image(registry, name)
    registry.manifest(name, "v1", subject)
    about = {"mediaType": OCI_MANIFEST, "digest": digest(subject), "size": len(subject)}
    artifact = image(registry, name, b"signature", artifactType="application/x.signature", subject=about, annotations={"who": "me"})
    answer = registry.manifest(name, digest(artifact), artifact)
    assert answer.headers["OCI-Subject"] == digest(subject)
    listed = registry("GET", f"/v2/{name}/referrers/{digest(subject)}")
    assert (listed.status, listed.headers["Content-Type"]) == (200, OCI_INDEX)
    expected = {**descriptor(artifact, OCI_MANIFEST), "artifactType": "application/x.signature", "annotations": {"who": "me"}}
    assert listed.json()["manifests"] == [expected]
    filtered = registry("GET", f"/v2/{name}/referrers/{digest(subject)}?artifactType=other")
    assert (filtered.json()["manifests"], filtered.headers["OCI-Filters-Applied"]) == ([], "artifactType")
    assert registry("GET", f"/v2/{name}/referrers/{digest(b'unknown')}").json()["manifests"] == []


def test_deleting(registry, name):
    manifest = registry.image(name, "v1", b"to delete")
    registry.image(name, "v2", b"to delete")
    assert registry("GET", f"/v2/{name}/manifests/v1").status == 200  # in memory now
    assert registry("DELETE", f"/v2/{name}/blobs/{digest(b'to delete')}").status == 405
    assert registry("DELETE", f"/v2/{name}/manifests/v1").status == 202
    assert registry("GET", f"/v2/{name}/manifests/v1").status == 404
    assert registry("GET", f"/v2/{name}/manifests/v2").status == 200
    assert registry("DELETE", f"/v2/{name}/manifests/{manifest}").status == 202
    assert registry("GET", f"/v2/{name}/manifests/v2").status == 404
    assert registry("DELETE", f"/v2/{name}/manifests/{manifest}").status == 404
    assert registry("GET", f"/v2/{name}/blobs/{digest(b'to delete')}").status == 200
    assert registry("DELETE", f"/v2/{name}/blobs/{digest(b'to delete')}").status == 202
    assert registry("GET", f"/v2/{name}/blobs/{digest(b'to delete')}").status == 404


def test_a_moved_tag_is_seen_at_once(registry, name):
    for number in range(20):
        wanted = registry.image(name, "moving", b"%d" % number)
        assert registry("GET", f"/v2/{name}/manifests/moving").headers["Docker-Content-Digest"] == wanted


def test_a_registry_that_is_read_only():
    with Registry("--read-only") as registry:
        answer = registry("POST", "/v2/a/blobs/uploads/")
        assert (answer.status, answer.code) == (405, "UNSUPPORTED")


def test_everything_survives_kill_9(name):
    with Registry() as registry:
        stop = threading.Event()
        done = {}

        def push():
            number = 0
            while not stop.is_set():
                try:
                    done[f"t{number}"] = registry.image(name, f"t{number}", b"layer %d" % number)
                except OSError:
                    return
                number += 1

        thread = threading.Thread(target=push)
        thread.start()
        for _ in range(3):
            while len(done) < 3:
                thread.join(0.05)
            registry.kill()
            stop.set()
            thread.join()
            registry.start()
            for tag, wanted in done.items():
                got = registry("GET", f"/v2/{name}/manifests/{tag}")
                assert (got.status, digest(got.body)) == (200, wanted)
                for part in [got.json()["config"], *got.json()["layers"]]:
                    assert digest(registry("GET", f"/v2/{name}/blobs/{part['digest']}").body) == part["digest"]
            assert not list((registry.root / "making").iterdir())
            done.clear()
            stop.clear()
            thread = threading.Thread(target=push)
            thread.start()
        stop.set()
        thread.join()


def test_pages_of_other_sites_change_nothing(registry, name):
    path = f"/v2/{name}/blobs/uploads/"
    assert registry("POST", path, headers={"Origin": "https://elsewhere.example"}).code == "DENIED"
    assert registry("POST", path, headers={"Origin": f"http://{registry.host}"}).status == 202


@pytest.mark.parametrize("warm", [False, True], ids=["by a thread", "by the front"])
def test_an_answer_that_has_begun_is_finished_at_sigterm(name, warm):
    with Registry() as registry:
        content = os.urandom(1_000_000) * 40
        path = f"/v2/{name}/blobs/{registry.blob(name, content)}"
        if warm:
            registry("GET", path)
        connection = registry.connection()
        connection.request("GET", path)
        answer = connection.getresponse()
        begin = answer.read(1_000_000)
        registry.process.terminate()
        with pytest.raises(OSError):
            until(lambda: registry("GET", "/v2/").status != 200, "nobody new is let in", 10)
        assert begin + answer.read() == content
        connection.close()
        assert registry.process.wait(30) == 0
