# SPDX-License-Identifier: Apache-2.0
"""hull-registry beside an engine: its images without a second copy, and `docker search`."""
import json

import pytest
from support.images import BUSYBOX
from support.registries import HullRegistry
from support.registry import Registry, digest, skopeo

pytestmark = pytest.mark.hull("the registry and the API that it asks are Hull's")


def test_an_engines_images_are_served_from_its_own_files(engine, docker):
    docker("tag", BUSYBOX, "localhost:5001/team/app:v1")
    with Registry("--engine", f"unix://{engine.socket}") as registry:
        names = registry("GET", "/v2/_catalog").json()["repositories"]
        assert BUSYBOX.split(":")[0] in names and "localhost_5001/team/app" in names
        assert registry.tags("localhost_5001/team/app") == ["v1"]
        manifest = registry("GET", "/v2/localhost_5001/team/app/manifests/v1")
        inspected = json.loads(docker("inspect", BUSYBOX).out)[0]
        assert digest(manifest.body) == inspected["Descriptor"]["digest"] == manifest.headers["Docker-Content-Digest"]
        assert manifest.json()["config"]["digest"] == inspected["Id"]
        for part in [manifest.json()["config"], *manifest.json()["layers"]]:
            assert digest(registry("GET", f"/v2/localhost_5001/team/app/blobs/{part['digest']}").body) == part["digest"]
        assert not list((registry.root / "blobs").iterdir())
        skopeo("copy", "--src-tls-verify=false", f"docker://{registry.host}/localhost_5001/team/app:v1", f"oci:{registry.directory}/layout:v1")
        # What no name of this repository reaches is not read through it.
        assert registry("GET", f"/v2/localhost_5001/team/app/blobs/{digest(b'x')}").code == "BLOB_UNKNOWN"
        assert registry("POST", "/v2/localhost_5001/team/app/blobs/uploads/").status == 405
        docker("rmi", "localhost:5001/team/app:v1")


def test_pushes_go_beside_an_engine_with_a_prefix(engine):
    with Registry("--engine", f"local={engine.socket}") as registry:
        registry.image("own/app", "v1")
        names = registry("GET", "/v2/_catalog").json()["repositories"]
        assert "own/app" in names and f"local/{BUSYBOX.split(':')[0]}" in names


def test_docker_search_finds_what_is_there(engine, docker, tmp_path):
    registry = HullRegistry(engine.host, tmp_path / "registry", port=5077)
    try:
        registry.put_image("shop/api", "v1", [], annotations={"org.opencontainers.image.description": "Orders and payments"})
        registry.put_image("other", "v1", [])
        found = docker("search", "--format", "{{.Name}}|{{.Description}}", f"{registry.address}/shop").lines
        assert found == ["shop/api|Orders and payments"]
    finally:
        registry.close()
