# SPDX-License-Identifier: Apache-2.0
"""A hull-registry that serves another registry's images: what was asked for once is there, whatever happens to the other."""
import os
import subprocess
import threading

import pytest
from support.engine import BINARIES
from support.registry import PeerRegistry, Registry, digest, skopeo
from support.waiting import until

KINDS = {"hull-registry": Registry, "docker-registry": PeerRegistry}


@pytest.fixture(params=KINDS)
def upstream(request):
    with KINDS[request.param]() as upstream:
        yield upstream


def test_what_is_pulled_through_stays(upstream):
    layer = os.urandom(3_000_000)
    wanted = upstream.image("team/app", "v1", layer)
    with Registry("--proxy", f"up=http://{upstream.host}", "--tag-lifetime", "1s") as mirror:
        for _ in range(2):
            answer = mirror("GET", "/v2/up/team/app/manifests/v1")
            assert (answer.status, answer.headers["Docker-Content-Digest"]) == (200, wanted)
            assert mirror("HEAD", f"/v2/up/team/app/blobs/{digest(layer)}").headers["Content-Length"] == str(len(layer))
            assert mirror("GET", f"/v2/up/team/app/blobs/{digest(layer)}").body == layer
        # containerd's way of saying which upstream it means.
        assert mirror("GET", f"/v2/team/app/manifests/v1?ns={upstream.host}").headers["Docker-Content-Digest"] == wanted
        assert mirror.tags("up/team/app") == ["v1"]
        assert mirror("GET", "/v2/up/team/app/manifests/none").code == "MANIFEST_UNKNOWN"
        assert mirror("POST", "/v2/up/team/app/blobs/uploads/").status == 405
        mirror.image("own", "v1")
        skopeo("copy", "--src-tls-verify=false", f"docker://{mirror.host}/up/team/app:v1", f"oci:{mirror.directory}/layout:v1")
        # A tag that moves is seen when its time is over.
        moved = upstream.image("team/app", "v1", b"another layer")
        until(lambda: mirror("GET", "/v2/up/team/app/manifests/v1").headers["Docker-Content-Digest"] == moved, "the tag has moved here too", 10)
        assert mirror("GET", f"/v2/up/team/app/blobs/{digest(b'another layer')}").body == b"another layer"
        upstream.stop()
        until(lambda: mirror("GET", "/v2/up/team/app/manifests/v1").status == 200, "what is here is served without the upstream", 10)
        assert mirror("GET", f"/v2/up/team/app/manifests/{wanted}").status == 200
        assert mirror("GET", f"/v2/up/team/app/blobs/{digest(layer)}").body == layer
        assert mirror.tags("up/team/app") == ["v1"]
        assert mirror("GET", "/v2/up/team/other/manifests/v1").status >= 500


def test_many_readers_cost_one_fetch(tmp_path):
    layer = os.urandom(20_000_000)
    log = tmp_path / "access"
    with Registry() as upstream:
        upstream.options = ["--access-log", str(log)]
        upstream.stop()
        upstream.start()
        upstream.image("app", "v1", layer)
        with Registry("--proxy", f"http://{upstream.host}") as mirror:
            mirror("GET", "/v2/app/manifests/v1")
            bodies = []
            threads = [threading.Thread(target=lambda: bodies.append(mirror("GET", f"/v2/app/blobs/{digest(layer)}").body)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(bodies) == 8 and all(body == layer for body in bodies)
            until(lambda: digest(layer) in log.read_text(), "the upstream's log is written", 5)
            fetches = [line for line in log.read_text().splitlines() if "method=GET" in line and digest(layer) in line]
            assert sum("status=200" in line for line in fetches) <= 1
            assert sum(int(line.split("bytes=")[1].split()[0]) for line in fetches) <= len(layer)


def test_an_upstream_that_lies_is_not_believed(tmp_path):
    """A blob whose content changed on the upstream's disk never arrives whole, and is not kept."""
    with Registry() as upstream:
        upstream.image("app", "v1", b"the real layer")
        for path in upstream.root.rglob(digest(b"the real layer").split(":")[1]):
            path.write_bytes(b"the fake layer")
        with Registry("--proxy", f"up=http://{upstream.host}") as mirror:
            assert mirror("GET", "/v2/up/app/manifests/v1").status == 200
            path = f"/v2/up/app/blobs/{digest(b'the real layer')}"
            for _ in range(2):
                try:
                    answer = mirror("GET", path)
                    assert answer.status >= 500 or len(answer.body) < len(b"the fake layer")
                except Exception as cut:
                    assert "IncompleteRead" in repr(cut) or isinstance(cut, OSError), repr(cut)
            assert not list(mirror.root.rglob(digest(b"the real layer").replace(":", "-")))


def test_credentials_for_the_upstream(tmp_path):

    line = subprocess.run([BINARIES / "hull-registry", "password", "mirror"], input="s@cret\n", capture_output=True, text=True, check=True).stdout
    (tmp_path / "users").write_text(line)
    with Registry("--users", str(tmp_path / "users")) as upstream:
        upstream.credentials = ("mirror", "s@cret")
        wanted = upstream.image("app", "v1")
        with Registry("--proxy", f"up=http://mirror:s%40cret@{upstream.host}") as mirror:
            assert mirror("GET", "/v2/up/app/manifests/v1").headers["Docker-Content-Digest"] == wanted
        with Registry("--proxy", f"up=http://{upstream.host}") as mirror:
            assert mirror("GET", "/v2/up/app/manifests/v1").status >= 400
