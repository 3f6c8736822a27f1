# SPDX-License-Identifier: Apache-2.0
"""What the owner of a hull-registry decides: users, tokens, TLS, rules, quotas, retention, collection; and other tools as clients."""
import http.client
import json
import os
import ssl
import subprocess
import threading
import time

import pytest
from support.engine import BINARIES
from support.registry import OCI_MANIFEST, PeerRegistry, Registry, certificates, digest, image, location, skopeo, with_digest
from support.waiting import until

PASSWORDS = {"alice": "wonder land:1", "bob": "builder"}


@pytest.fixture
def users(tmp_path):
    """A file of users, made by the program itself."""
    lines = [subprocess.run([BINARIES / "hull-registry", "password", name], input=word + "\n", capture_output=True, text=True, check=True).stdout for name, word in PASSWORDS.items()]
    (tmp_path / "users").write_text("".join(lines))
    return tmp_path / "users"


def config(folder, **content):
    path = folder / "config.json"
    path.write_text(json.dumps(content))
    return str(path)


def basic(name):
    return (name, PASSWORDS[name])


def bearer(registry, scope, name=None):
    answer = registry("GET", f"/token?service=hull-registry&scope={scope}", credentials=name and basic(name))
    assert answer.status == 200, answer.body
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def test_users_with_passwords(users):
    with Registry("--users", str(users), "--basic") as registry:
        refused = registry("GET", "/v2/")
        assert (refused.status, refused.code) == (401, "UNAUTHORIZED")
        assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")
        assert registry("GET", "/v2/", credentials=basic("alice")).status == 200
        assert registry("GET", "/v2/", credentials=("alice", "wrong")).status == 401
        assert registry("GET", "/v2/", credentials=("nobody", "wrong")).status == 401
        registry.credentials = basic("bob")
        registry.image("a", "v1")
        registry.credentials = None
        assert registry("GET", "/v2/a/manifests/v1").status == 401
        # From memory too.
        assert registry("GET", "/v2/a/manifests/v1", credentials=basic("bob")).status == 200
        assert registry("GET", "/v2/a/manifests/v1").status == 401
        assert registry("GET", "/v2/a/manifests/v1", credentials=("bob", "wrong")).status == 401


def test_tokens(users):
    with Registry("--users", str(users)) as registry:
        challenge = registry("GET", "/v2/a/manifests/v1").headers["WWW-Authenticate"]
        assert challenge == f'Bearer realm="http://{registry.host}/token",service="hull-registry",scope="repository:a:pull"'
        assert registry("GET", "/token", credentials=("alice", "wrong")).status == 401
        registry.credentials = basic("alice")
        registry.image("a", "v1")
        registry.credentials = None
        token = bearer(registry, "repository:a:pull", "alice")
        assert registry("GET", "/v2/a/manifests/v1", headers=token).status == 200
        narrow = registry("POST", "/v2/a/blobs/uploads/", headers=token)
        assert (narrow.status, "pull,push" in narrow.headers["WWW-Authenticate"]) == (401, True)
        assert registry("GET", "/v2/a/manifests/v1", headers=bearer(registry, "repository:a:pull")).status == 401
        assert registry("GET", "/v2/a/manifests/v1", headers={"Authorization": token["Authorization"][:-4] + "AAAA"}).status == 401
        # A key of its own, for its owner only; tokens outlive a restart.
        key = registry.root / "token.pem"
        assert key.stat().st_mode & 0o777 == 0o600
        registry.stop()
        registry.start()
        assert registry("GET", "/v2/a/manifests/v1", headers=token).status == 200


def test_rules(users, tmp_path):
    rules = config(
        tmp_path,
        groups={"team": ["alice"]},
        access=[
            {"repositories": ["team/**"], "groups": ["team"], "actions": ["pull", "push", "delete"]},
            {"repositories": ["team/*"], "users": ["bob"], "actions": ["pull"]},
            {"repositories": ["public/**"], "anonymous": True, "actions": ["pull"]},
            {"repositories": ["public/**"], "authenticated": True, "actions": ["push"]},
        ],
    )
    with Registry("--users", str(users), "--basic", "--config", rules) as registry:
        registry.credentials = basic("alice")
        registry.image("team/app", "v1")
        registry.image("team/deep/er", "v1")
        registry.image("public/app", "v1")
        denied = registry("POST", "/v2/elsewhere/blobs/uploads/")
        assert (denied.status, denied.code) == (403, "DENIED")
        assert registry("GET", "/v2/_catalog").json()["repositories"] == ["public/app", "team/app", "team/deep/er"]
        registry.credentials = basic("bob")
        assert registry("GET", "/v2/team/app/manifests/v1").status == 200
        assert registry("GET", "/v2/team/deep/er/manifests/v1").status == 403
        assert registry("DELETE", "/v2/public/app/manifests/v1").status == 403
        assert registry("GET", "/v2/_catalog").json()["repositories"] == ["public/app", "team/app"]
        # What one may not read, one may not mount either.
        blob = registry("GET", "/v2/team/app/manifests/v1").json()["layers"][0]["digest"]
        assert registry("POST", f"/v2/public/x/blobs/uploads/?mount={blob}&from=team/deep/er").status == 202
        assert registry("POST", f"/v2/public/x/blobs/uploads/?mount={blob}").status == 202
        registry.credentials = None
        for _ in range(2):
            assert registry("GET", "/v2/public/app/manifests/v1").status == 200
            assert registry("GET", "/v2/team/app/manifests/v1").status == 401


def test_rules_that_are_misspelt(tmp_path):
    path = config(tmp_path, access=[{"repositorys": ["a"], "actions": ["pull"]}])
    run = subprocess.run([BINARIES / "hull-registry", "serve", "--root", tmp_path / "r", "--config", path], capture_output=True, text=True, timeout=20)
    assert run.returncode != 0
    assert 'unknown member "repositorys" in access' in run.stderr


def test_it_is_not_reachable_from_afar_unless_said(tmp_path):
    run = subprocess.run([BINARIES / "hull-registry", "serve", "--root", tmp_path / "r", "--listen", "0.0.0.0:0"], capture_output=True, text=True, timeout=20)
    assert run.returncode != 0
    assert "--insecure" in run.stderr


def test_tls_with_certificates_of_clients_and_a_new_certificate(tmp_path):
    context = certificates(tmp_path)
    options = ["--tls-certificate", str(tmp_path / "server.pem"), "--tls-key", str(tmp_path / "server.key"), "--tls-client-ca", str(tmp_path / "ca.pem")]
    with Registry(*options) as registry:
        registry.tls = context
        with pytest.raises((ssl.SSLError, http.client.HTTPException, OSError)):
            registry("GET", "/v2/")
        context.load_cert_chain(tmp_path / "client.pem", tmp_path / "client.key")
        content = os.urandom(3_000_000)
        path = f"/v2/a/blobs/{registry.blob('a', content)}"
        for _ in range(2):
            assert registry("GET", path).body == content
            assert registry("GET", path, headers={"Range": "bytes=5-9"}).body == content[5:10]
        old = serial(registry)
        fresh = tmp_path / "fresh"
        fresh.mkdir()
        certificates(fresh)
        context.load_verify_locations(fresh / "ca.pem")
        for name in ("server.pem", "server.key"):
            (fresh / name).replace(tmp_path / name)
        registry.process.send_signal(1)
        until(lambda: serial(registry) != old, "the new certificate is in use after SIGHUP")


def serial(registry):
    connection = registry.connection()
    connection.connect()
    with connection.sock as sock:
        return sock.getpeercert()["serialNumber"]


def test_a_quota(tmp_path):
    path = config(tmp_path, quotas=[{"repositories": ["small/**"], "bytes": "10kB"}])
    with Registry("--config", path) as registry:
        registry.blob("small/a", b"x" * 6000)
        begun = registry.begin("small/a")
        answer = registry("PUT", with_digest(begun, digest(b"y" * 5000)), b"y" * 5000)
        assert (answer.status, answer.code) == (403, "DENIED")
        assert "quota of small/a" in answer.json()["errors"][0]["message"]
        registry.blob("small/a", b"y" * 4000)
        registry.blob("small/b", b"z" * 6000)
        registry.blob("large", b"z" * 60000)
        assert registry("POST", "/v2/small/a/blobs/uploads/").code == "DENIED"


def test_retention_says_what_it_would_do_and_does_it(tmp_path):
    path = config(tmp_path, retention=[{"repositories": ["ci/*"], "keepLast": 2, "keepMatching": ["v*"], "untaggedAfter": "0s"}])
    with Registry("--config", path, "--collect-every", "never") as registry:
        for number in range(4):
            registry.image("ci/app", f"b{number}", b"%d" % number)
            time.sleep(1.01)  # the times of tags have seconds
        registry.image("ci/app", "v1", b"0")
        registry.stop()
        command = [BINARIES / "hull-registry", "retention", "--root", registry.root, "--config", path]
        plan = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert sorted(line.split("@")[0] for line in plan.splitlines()) == ["ci/app", "ci/app:b0", "ci/app:b1"]
        assert "2 tags were set later" in plan
        registry.options = ["--config", path, "--collect-every", "1s", "--grace", "0s"]
        registry.start()
        until(lambda: registry.tags("ci/app") == ["b2", "b3", "v1"], "retention has been applied while serving", 15)
        until(lambda: registry("GET", f"/v2/ci/app/blobs/{digest(b'1')}").status == 404, "what it let go of is collected", 15)
        assert registry("GET", f"/v2/ci/app/blobs/{digest(b'0')}").status == 200


def test_collection_while_pushing_loses_nothing():
    with Registry("--collect-every", "1s", "--grace", "0s") as registry:
        pushed, failures = {}, []
        end = time.monotonic() + 4

        def push(worker):
            number = 0
            while time.monotonic() < end:
                name, tag, layer = f"repo{worker}", f"t{number}", b"shared %d" % (number % 7)
                for _ in range(20):
                    try:
                        pushed[name, tag] = registry.image(name, tag, layer)
                        break
                    except AssertionError:
                        continue  # collected between its push and its manifest: the client is told, and pushes again
                else:
                    failures.append((name, tag))
                if number % 5 == 4:
                    assert registry("DELETE", f"/v2/{name}/manifests/t{number - 2}").status == 202
                    del pushed[name, f"t{number - 2}"]
                number += 1

        threads = [threading.Thread(target=push, args=(worker,)) for worker in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        for (name, tag), wanted in pushed.items():
            manifest = registry("GET", f"/v2/{name}/manifests/{tag}")
            assert digest(manifest.body) == wanted
            for part in [manifest.json()["config"], *manifest.json()["layers"]]:
                assert digest(registry("GET", f"/v2/{name}/blobs/{part['digest']}").body) == part["digest"]


def test_collection_without_a_server():
    with Registry() as registry:
        registry.image("a", "v1")
        registry.blob("a", b"nobody needs it")
        path = registry.begin("a")
        registry("PATCH", path, b"nobody goes on")
        registry.stop()
        command = [BINARIES / "hull-registry", "gc", "--root", registry.root, "--grace", "0s", "--upload-age", "0s"]
        assert subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=True).stdout.startswith("would remove ")
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "removed 1 blobs (15 bytes), 1 uploads, 1 links\n"
        registry.start()
        assert registry("GET", "/v2/a/manifests/v1").status == 200


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """An image of some layers as an OCI layout."""
    folder = tmp_path_factory.mktemp("layout")
    with Registry() as registry:
        registry.image("made", "v1", os.urandom(2_000_000))
        skopeo("copy", "--src-tls-verify=false", f"docker://{registry.host}/made:v1", f"oci:{folder}:v1")
    return f"oci:{folder}:v1"


def test_skopeo_and_the_peer(layout):
    """There and back again: the digests stay."""
    with Registry() as registry, PeerRegistry() as peer:
        flags = ("--src-tls-verify=false", "--dest-tls-verify=false", "--preserve-digests")
        skopeo("copy", *flags, layout, f"docker://{registry.host}/a/b:v1")
        skopeo("copy", *flags, f"docker://{registry.host}/a/b:v1", f"docker://{peer.host}/a/b:v1")
        skopeo("copy", *flags, f"docker://{peer.host}/a/b:v1", f"docker://{registry.host}/back:v1")
        digests = {server("GET", f"/v2/{name}/manifests/v1", headers={"Accept": OCI_MANIFEST}).headers["Docker-Content-Digest"] for server, name in ((registry, "a/b"), (peer, "a/b"), (registry, "back"))}
        assert len(digests) == 1
        assert json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{registry.host}/back:v1").stdout)["RepoTags"] == ["v1"]
        skopeo("delete", "--tls-verify=false", f"docker://{registry.host}/back:v1")
        assert registry("GET", "/v2/back/manifests/v1").status == 404


def test_skopeo_logs_in(layout, users):
    with Registry("--users", str(users)) as registry:
        flags = ("--dest-tls-verify=false", "--dest-creds", ":".join(basic("bob")))
        skopeo("copy", *flags, layout, f"docker://{registry.host}/a:v1")
        assert skopeo("inspect", "--tls-verify=false", f"docker://{registry.host}/a:v1", check=False).returncode != 0
        assert skopeo("inspect", "--tls-verify=false", "--creds", ":".join(basic("bob")), f"docker://{registry.host}/a:v1").returncode == 0
