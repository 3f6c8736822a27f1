# SPDX-License-Identifier: Apache-2.0
"""Named and anonymous volumes: their life, what is in them, and what clients are told about them."""
import json
import os
import time
from pathlib import Path
from urllib.parse import quote

import docker as sdk
import pytest
from support.engine import BAD_REQUEST
from support.images import busybox_tar, folder, regular
from support.waiting import until


def filters(**values):
    return "filters=" + quote(json.dumps(values))


def events(api, since, **wanted):
    lines = api("GET", f"/events?since={since}&until={int(time.time()) + 1}&" + filters(type=["volume"], **wanted)).body.splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def content(docker, name):
    """An image with something at /data, owned by 1000:1001."""

    def more(archive):
        folder(archive, "data", 0o750, 1000, 1001)
        regular(archive, "data/file", b"from the image\n", 0o640, 1000, 1001)
        folder(archive, "data/sub")

    image = f"{name}-content:1"
    docker("import", "-", image, stdin=busybox_tar(more))
    yield image
    docker("rmi", "-f", image)


def test_a_volume_keeps_what_containers_write(docker, inside, name):
    inside("echo kept > /data/file", "-v", f"{name}:/data")
    assert inside("cat /data/file", "-v", f"{name}:/data") == "kept"
    assert docker("volume", "ls", "-q", "--filter", f"name={name}").lines == [name]


def test_create_gives_the_volume_and_inspect_the_same(api, name):
    made = api("POST", "/volumes/create", {"Name": name, "Labels": {"a": "b"}})
    assert made.status == 201
    volume = made.json()
    assert volume["Name"] == name and volume["Driver"] == "local" and volume["Scope"] == "local" and volume["Labels"] == {"a": "b"}
    assert volume["Options"] is None and volume["Mountpoint"].endswith(f"/volumes/{name}/_data") and os.path.isdir(volume["Mountpoint"])
    assert volume["CreatedAt"].endswith("Z") and len(volume["CreatedAt"]) == 20
    assert api("GET", f"/volumes/{name}").json() == volume


@pytest.mark.hull("dockerd closes its whole root instead")
def test_nobody_else_on_the_host_gets_into_volumes(engine, docker, name):
    docker("volume", "create", name)
    assert [(engine.root / folder).stat().st_mode & 0o007 for folder in ("volumes", "containers")] == [0, 0]


def test_create_twice_is_the_same_volume(api, name):
    first, second = (api("POST", "/volumes/create", {"Name": name}) for _ in range(2))
    assert second.status == 201 and first.json() == second.json()


def test_create_without_a_name_gives_a_long_one(api):
    volume = api("POST", "/volumes/create", {}).json()
    assert len(volume["Name"]) == 64 and int(volume["Name"], 16)


@pytest.mark.modern("the label of anonymous volumes came with API 1.42")
def test_a_volume_without_a_name_carries_dockers_label(api):
    assert api("POST", "/volumes/create", {}).json()["Labels"] == {"com.docker.volume.anonymous": ""}


@pytest.mark.parametrize(
    "request_body, status, message",
    [
        ({"Name": "a/b"}, 400, 'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'),
        ({"Name": "../x"}, 400, 'create ../x: "../x" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'),
        ({"Name": ".."}, 400, 'create ..: ".." includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'),
        ({"Name": "a"}, 400, "create a: volume name is too short, names should be at least two alphanumeric characters"),
        ({"Name": "bad", "Driver": "nosuch"}, 404, 'create bad: error looking up volume plugin nosuch: plugin "nosuch" not found'),
        ({"Name": "bad", "DriverOpts": {"x": "y"}}, 400, 'create bad: invalid option: "x"'),
        ({"Name": "bad", "DriverOpts": {"type": "tmpfs"}}, 400, 'create bad: missing required option: "device"'),
        ({"Name": "bad", "DriverOpts": {"device": "tmpfs"}}, 400, 'create bad: missing required option: "type"'),
    ],
)
def test_what_cannot_be_a_volume_is_refused_in_dockers_words(api, request_body, status, message):
    answer = api("POST", "/volumes/create", request_body)
    assert (answer.status, answer.message) == (status, message)
    assert all(volume["Name"] != "bad" for volume in api("GET", "/volumes").json()["Volumes"])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"Name": 5}', b'{"Name": "x", "Labels": ["a"]}'])
def test_a_malformed_create_is_400(api, body):
    answer = api("POST", "/volumes/create", body, {"Content-Type": "application/json"})
    assert answer.status in BAD_REQUEST and answer.message


@pytest.mark.hull("dockerd hands out the present volume, whatever its options are")
def test_create_with_other_options_is_a_conflict(api, name):
    options = {"type": "tmpfs", "device": "tmpfs"}
    assert api("POST", "/volumes/create", {"Name": name, "DriverOpts": options}).status == 201
    assert api("POST", "/volumes/create", {"Name": name, "DriverOpts": options}).status == 201
    answer = api("POST", "/volumes/create", {"Name": name, "DriverOpts": options | {"o": "size=1m"}})
    assert answer.status == 409 and "volume name must be unique" in answer.message


@pytest.mark.modern("cluster volumes came with API 1.42")
def test_a_volume_of_a_swarm_is_refused(api, name):
    answer = api("POST", "/volumes/create", {"Name": name, "ClusterVolumeSpec": {"Group": "x"}})
    assert answer.status == 503 and "not a swarm manager" in answer.message


def test_what_is_not_there_is_404_and_forced_removal_is_fine(api):
    assert (api("GET", "/volumes/nosuch").status, api("GET", "/volumes/nosuch").message) == (404, "get nosuch: no such volume")
    assert (api("DELETE", "/volumes/nosuch").status, api("DELETE", "/volumes/nosuch").message) == (404, "get nosuch: no such volume")
    assert api("DELETE", "/volumes/nosuch?force=1").status == 204


def test_a_volume_in_use_stays_until_its_container_goes(docker, api, name):
    container = docker("create", "-v", f"{name}:/data", "busybox").out
    answer = api("DELETE", f"/volumes/{name}")
    assert (answer.status, answer.message) == (409, f"remove {name}: volume is in use - [{container}]")
    assert api("DELETE", f"/volumes/{name}?force=1").status == 409
    docker("rm", "-v", container)
    mountpoint = api("GET", f"/volumes/{name}").json()["Mountpoint"]
    assert api("DELETE", f"/volumes/{name}").status == 204
    assert not os.path.exists(Path(mountpoint).parent)


def test_removal_takes_anonymous_volumes_and_leaves_named_ones(docker, name):
    docker("run", "--rm", "-v", f"{name}:/named", "-v", "/anonymous", "busybox", "true")
    assert docker("volume", "ls", "-q").lines == [name]
    container = docker("create", "-v", f"{name}:/named", "-v", "/anonymous", "busybox").out
    docker("rm", container)
    assert len(docker("volume", "ls", "-q").lines) == 2


def test_an_anonymous_volume_stays_while_another_container_has_it(docker, name):
    docker("create", "--name", name, "-v", "/data", "busybox")
    other = docker("create", "--volumes-from", name, "busybox").out
    docker("rm", "-v", name)
    assert len(docker("volume", "ls", "-q").lines) == 1
    docker("rm", "-v", other)
    assert docker("volume", "ls", "-q").lines == []


def test_volumes_from_brings_named_volumes_along(docker, inside, name):
    docker("create", "--name", name, "-v", f"{name}-v:/data", "busybox")
    inside("echo shared > /data/file", "--volumes-from", name)
    assert inside("cat /data/file; touch /data/x 2>/dev/null || echo refused", "--volumes-from", f"{name}:ro").splitlines() == ["shared", "refused"]


def test_the_first_container_fills_an_empty_volume_from_its_image(inside, content, name):
    script = "cat /data/file; stat -c '%u %g %a' /data /data/file; ls /data; rm /data/file"
    out = inside(script, "-v", f"{name}:/data", image=content).splitlines()
    assert out == ["from the image", "1000 1001 750", "1000 1001 640", "file", "sub"]
    assert inside("ls /data", "-v", f"{name}:/data", image=content) == "sub"


def test_an_empty_volume_that_was_made_before_is_filled_too(docker, inside, content, name):
    docker("volume", "create", name)
    inside("true", "-v", f"{name}:/elsewhere")
    assert inside("cat /data/file", "-v", f"{name}:/data", image=content) == "from the image"


def test_a_volume_with_something_in_it_is_not_filled(inside, content, name):
    inside("touch /data/own", "-v", f"{name}:/data")
    assert inside("ls /data", "-v", f"{name}:/data", image=content) == "own"


@pytest.mark.parametrize("flags", [("-v", "{}:/data:nocopy"), ("--mount", "type=volume,src={},dst=/data,volume-nocopy")], ids=["-v", "--mount"])
def test_nocopy_leaves_it_empty(inside, content, name, flags):
    assert inside("ls /data", flags[0], flags[1].format(name), image=content) == ""


def test_many_containers_at_once_fill_a_volume_once(docker, content, name):
    clients = [docker.start("run", "--rm", "-v", f"{name}:/data", content, "cat", "/data/file") for _ in range(6)]
    assert [client.communicate()[0] for client in clients] == [b"from the image\n"] * 6


def test_inspect_of_a_container_shows_its_volumes(docker, name):
    container = docker("create", "-v", f"{name}:/named", "--mount", f"type=volume,src={name}-2,dst=/two,readonly", "-v", "/anonymous", "busybox").out
    mounts = {mount["Destination"]: mount for mount in json.loads(docker("inspect", container).out)[0]["Mounts"]}
    assert {mount["Type"] for mount in mounts.values()} == {"volume"} and {mount["Driver"] for mount in mounts.values()} == {"local"}
    assert (mounts["/named"]["Name"], mounts["/named"]["Mode"], mounts["/named"]["RW"], mounts["/named"]["Propagation"]) == (name, "z", True, "")
    assert mounts["/two"]["Name"] == f"{name}-2" and mounts["/two"]["RW"] is False
    assert len(mounts["/anonymous"]["Name"]) == 64


@pytest.mark.parametrize("shown", ["dangling", "name", "label", "driver"])
def test_lists_are_filtered(docker, api, name, shown):
    api("POST", "/volumes/create", {"Name": f"{name}-free", "Labels": {"colour": "red", "size": "1"}})
    docker("create", "-v", f"{name}-used:/data", "busybox")

    def listed(**values):
        return [volume["Name"] for volume in api("GET", "/volumes?" + filters(**values)).json()["Volumes"]]

    expected = {
        "dangling": [({"dangling": ["true"]}, [f"{name}-free"]), ({"dangling": ["false"]}, [f"{name}-used"])],
        "name": [({"name": [f"{name}-u"]}, [f"{name}-used"]), ({"name": ["^nothing"]}, [])],
        "label": [({"label": ["colour"]}, [f"{name}-free"]), ({"label": ["colour=red", "size=1"]}, [f"{name}-free"]), ({"label": ["colour=blue"]}, [])],
        "driver": [({"driver": ["local"]}, [f"{name}-free", f"{name}-used"]), ({"driver": ["other"]}, [])],
    }
    for values, names in expected[shown]:
        assert sorted(listed(**values)) == names


@pytest.mark.parametrize("bad", [{"colour": ["x"]}, {"dangling": ["perhaps"]}])
def test_an_unknown_filter_is_400(api, bad):
    answer = api("GET", "/volumes?" + filters(**bad))
    assert answer.status == 400 and answer.message.lower().startswith("invalid filter")


@pytest.mark.modern("prune leaves named volumes alone since API 1.42")
def test_prune_takes_volumes_without_name_and_with_all_the_others(docker, api, name):
    anonymous = api("POST", "/volumes/create", {}).json()["Name"]
    api("POST", "/volumes/create", {"Name": name})
    docker("create", "-v", f"{name}-used:/data", "busybox")
    assert api("POST", "/volumes/prune").json()["VolumesDeleted"] == [anonymous]
    assert docker("volume", "prune", "--force", "--all").lines[:2] == ["Deleted Volumes:", name]
    assert docker("volume", "ls", "-q").lines == [f"{name}-used"]


def test_prune_before_1_42_takes_named_ones_too(api, name):
    api("POST", "/volumes/create", {"Name": name})
    assert api("POST", "/v1.41/volumes/prune").json()["VolumesDeleted"] == [name]


def test_prune_goes_by_labels_and_counts_what_it_frees(docker, api, inside, name):
    for which in ("keep", "go"):
        api("POST", "/volumes/create", {"Name": f"{name}-{which}", "Labels": {"which": which}})
        inside("head -c 5000 /dev/zero > /data/file", "-v", f"{name}-{which}:/data")
    report = api("POST", "/v1.41/volumes/prune?" + filters(label=["which=go"])).json()
    assert report["VolumesDeleted"] == [f"{name}-go"] and report["SpaceReclaimed"] >= 5000
    assert api("POST", "/v1.41/volumes/prune?" + filters(**{"label!": ["which=keep"]})).json()["VolumesDeleted"] in ([], None)


def test_disk_usage_counts_volumes(docker, api, inside, name):
    inside("head -c 5000 /dev/zero > /data/file", "-v", f"{name}:/data")
    docker("create", "-v", f"{name}:/data", "busybox")
    volume = next(volume for volume in api("GET", "/system/df").json()["Volumes"] if volume["Name"] == name)
    assert volume["UsageData"]["RefCount"] == 1 and 5000 <= volume["UsageData"]["Size"] < 20_000


def test_events_tell_of_volumes(docker, api, name):
    since = int(time.time())
    docker("volume", "create", name)
    container = docker("create", "-v", f"{name}:/data:ro", "busybox", "true").out
    docker("start", container)
    docker("wait", container)
    docker("rm", container)
    docker("volume", "rm", name)
    found = events(api, since, volume=[name])
    actions = [event["Action"] for event in found if event["Action"] != "create"]
    assert found[0]["Action"] == "create" and actions == ["mount", "unmount", "destroy"]
    mount = next(event for event in found if event["Action"] == "mount")["Actor"]
    assert mount["ID"] == name
    assert mount["Attributes"] == {"container": container, "destination": "/data", "driver": "local", "propagation": "", "read/write": "false"}


@pytest.mark.hull("dockerd keeps the volumes that it made before the create failed")
def test_a_failed_create_leaves_no_volume(docker, name):
    docker("create", "-v", f"{name}:/data", "-v", "/bad:relative", "busybox", code=1)
    docker("create", "-v", f"{name}:/data", "--mount", "type=bind,src=/nosuch,dst=/x", "busybox", code=1)
    assert docker("volume", "ls", "-q").lines == []


@pytest.mark.hull("the reference engine's containerd does not always come back after its death")
def test_volumes_survive_a_daemon_that_is_killed(fresh_engine, name):
    engine = fresh_engine()
    engine.docker("volume", "create", "--label", "a=b", name)
    engine.docker("run", "-d", "--name", "holder", "-v", f"{name}:/data", "busybox", "sh", "-c", "echo here > /data/file; exec sleep 1000")
    until(lambda: engine.docker("exec", "holder", "cat", "/data/file", code=None).out == "here", "the file is written")
    before = engine.api("GET", f"/volumes/{name}").json()
    engine.kill()
    engine.start()
    assert engine.api("GET", f"/volumes/{name}").json() == before
    assert engine.docker("exec", "holder", "cat", "/data/file").out == "here"
    assert engine.api("DELETE", f"/volumes/{name}").status == 409


def test_the_sdk_makes_lists_and_prunes(engine, name):
    client = sdk.DockerClient(base_url=f"unix://{engine.socket}", version="1.41", timeout=30)
    volume = client.volumes.create(name=name, driver="local", labels={"a": "b"})
    assert volume.id and volume.name == name and volume.attrs["Labels"] == {"a": "b"}
    assert client.containers.run("busybox", ["sh", "-c", "echo x > /d/f; cat /d/f"], volumes={name: {"bind": "/d", "mode": "rw"}}, remove=True) == b"x\n"
    assert [one.name for one in client.volumes.list(filters={"name": name})] == [name] and client.volumes.get(name).id == name
    volume.remove()
    with pytest.raises(sdk.errors.NotFound):
        client.volumes.get(name)
    client.volumes.create(name=name)
    assert client.volumes.prune()["VolumesDeleted"] == [name]
    client.close()
