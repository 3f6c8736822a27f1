# SPDX-License-Identifier: Apache-2.0
"""The store of images: what is listed, pruned and counted; why something is kept; and that every byte belongs to something."""
import hashlib
import json
import os
import stat
import random
import shutil
import time

import pytest
from support.archives import docker_archive
from support.engine import KIND
from support.faulty import drip
from support.images import regular, tar_of
from support.waiting import until

pytestmark = pytest.mark.usefixtures("tidy_images")
only_hull = pytest.mark.skipif(KIND == "docker", reason="hull: it is Hull's own")


def layer(name, size=1000):
    return tar_of(lambda archive: regular(archive, name, random.Random(name).randbytes(size)))


@pytest.fixture
def load(docker):
    """load(tag, *layers, **config) loads an image and gives its ID."""

    def load_into(tag, *layers, docker=docker, **config):
        docker("load", stdin=docker_archive(list(layers), tags=(tag,), config=config or None))
        return docker("inspect", "-f", "{{.Id}}", tag).out

    return load_into


# Lists and prune.


def listed(docker, *filters):
    options = [part for one in filters for part in ("--filter", one)]
    return sorted(line for line in docker("images", "--format", "{{.Repository}}:{{.Tag}}", *options).lines if line.startswith(("store", "<none>")))


def test_the_list_has_dockers_filters(docker, load):
    load("store-a:1", layer("a"), Labels={"colour": "red", "size": "small"})
    load("store-b:1", layer("b"), Labels={"colour": "blue"})
    load("store-b:2", layer("c"))
    assert listed(docker, "label=colour") == ["store-a:1", "store-b:1"]
    assert listed(docker, "label=colour=red", "label=size") == ["store-a:1"]
    assert listed(docker, "reference=store-b") == ["store-b:1", "store-b:2"]
    assert listed(docker, "reference=store-?:1") == ["store-a:1", "store-b:1"]
    assert listed(docker, "reference=store-a:*", "reference=store-b:2") == ["store-a:1", "store-b:2"]
    assert listed(docker, "dangling=false", "reference=store-*") == ["store-a:1", "store-b:1", "store-b:2"]
    assert listed(docker, "dangling=true") == []
    assert "nvalid filter" in docker("images", "--filter", "nosuch=1", code=1).err


def test_prune_takes_what_has_no_name(docker, load):
    old = load("store:1", layer("old"))
    load("store:1", layer("new"))
    assert listed(docker, "dangling=true") == ["<none>:<none>"]
    out = docker("image", "prune", "-f").out
    assert f"deleted: {old}" in out and "Total reclaimed space: " in out
    assert listed(docker) == ["store:1"]


def test_prune_all_leaves_what_containers_use(docker, load):
    load("store-used:1", layer("used"))
    load("store-unused:1", layer("unused"))
    docker("create", "--name", "user", "store-used:1", "/none")
    docker("create", "--name", "base", "busybox")
    docker("image", "prune", "-a", "-f")
    assert listed(docker) == ["store-used:1"]


def test_prune_filters_by_label_and_age(docker, load):
    load("store-a:1", layer("a"), Labels={"keep": "yes"})
    load("store-b:1", layer("b"), Labels={"go": "yes"})
    docker("create", "--name", "base", "busybox")
    docker("image", "prune", "-a", "-f", "--filter", "label!=keep", "--filter", "until=2020-01-01T00:00:00Z")
    assert listed(docker) == ["store-a:1", "store-b:1"]
    docker("image", "prune", "-a", "-f", "--filter", "label=go")
    assert listed(docker) == ["store-a:1"]
    docker("image", "prune", "-a", "-f", "--filter", "label!=keep", "--filter", "label=keep=yes")
    assert listed(docker) == ["store-a:1"]


def test_two_names_of_one_image_go_one_by_one(docker, load):
    identity = load("store:1", layer("a"))
    docker("tag", "store:1", "store:2")
    assert docker("rmi", "store:1").lines == ["Untagged: store:1"]
    assert f"Deleted: {identity}" in docker("rmi", "store:2").lines


def test_a_removed_image_leaves_shared_layers(docker, load):
    load("store-a:1", layer("shared"), layer("a"))
    load("store-b:1", layer("shared"), layer("b"))
    gone = [line for line in docker("rmi", "store-a:1").lines if line.startswith("Deleted: sha256:")]
    assert len(gone) == 2, "the image and its own layer"
    docker("create", "--name", "user", "store-b:1", "/none")
    assert docker("cp", "user:/shared", "-").stdout


# Sizes.


def usage(api):
    return api("GET", "/system/df").json()


def files_of(*folders):
    """(bytes, blocks × 512) of the regular files, each once however many names it has."""
    seen = {}
    for top in folders:
        for folder, _, names in os.walk(top):
            for name in names:
                status = os.lstat(os.path.join(folder, name))
                if not stat.S_ISREG(status.st_mode):
                    continue
                seen[status.st_dev, status.st_ino] = (status.st_size, status.st_blocks * 512)
    return tuple(map(sum, zip(*seen.values()))) if seen else (0, 0)


@only_hull
def test_disk_usage_is_exact(engine, api, docker, load):
    """What the images take, by the engine's count and by the files there are."""
    def counted():
        told = usage(api)
        return told["LayersSize"], told["ContentSize"]

    def on_disk():
        layers = [folder / "fs" for folder in (engine.root / "layers").iterdir()]
        return files_of(*layers)[0], files_of(engine.root / "content" / "blobs")[0]

    # What only the build cache needs is counted there.
    api("POST", "/build/prune?all=1")
    assert counted() == on_disk()
    before = counted()
    load("store-a:1", layer("shared", 500_000), layer("a", 70_001))
    load("store-b:1", layer("shared", 500_000), layer("b", 90_003))
    assert counted() == on_disk() and counted()[0] == before[0] + 660_004
    docker("rmi", "store-a:1", "store-b:1")
    assert counted() == on_disk() == before


def test_shared_and_own_sizes_add_up(api, docker, load):
    load("store-a:1", layer("shared", 500_000), layer("a", 70_001))
    load("store-b:1", layer("shared", 500_000), layer("b", 90_003))
    images = {image["RepoTags"][0]: image for image in usage(api)["Images"] if image["RepoTags"]}
    one, two = images["store-a:1"], images["store-b:1"]
    assert one["SharedSize"] == two["SharedSize"] >= 500_000
    assert one["Size"] - one["SharedSize"] >= 70_001 and two["Size"] - two["SharedSize"] >= 90_003
    assert (two["Size"] - two["SharedSize"]) - (one["Size"] - one["SharedSize"]) == 20_002
    assert "store-a" in docker("system", "df", "-v").out


# Checks.


@pytest.fixture
def checked(engine):
    """checked(*flags) is what `hull system check` finds: (exit code, problems)."""

    def check(*flags, engine=engine):
        result = engine.hull("system", "check", "--json", *flags, code=None, timeout=120)
        return result.code, json.loads(result.stdout)["Problems"]

    return check


@only_hull
def test_an_engine_in_use_has_no_problems(docker, checked, load, run):
    docker("info")
    load("store:1", layer("a"), layer("b"))
    run("--name", "user")
    docker("rmi", load("store:2", layer("c")))
    assert checked() == (0, [])


def plant_stray_blob(engine, _):
    data = b"nobody's"
    path = engine.root / "content/blobs/sha256" / hashlib.sha256(data).hexdigest()
    path.write_bytes(data)
    return path


def plant_file_among_blobs(engine, _):
    path = engine.root / "content/blobs/sha256/notes.txt"
    path.write_text("mine")
    return path


def plant_stray_layer(engine, _):
    path = engine.root / "layers" / ("0" * 64)
    (path / "diff").mkdir(parents=True)
    (path / "diff/file").write_text("nobody's")
    return path


def plant_stray_file(engine, _):
    path = engine.root / "layers/leftover.tmp"
    path.write_text("nobody's")
    return path


STRAYS = [plant_stray_blob, plant_file_among_blobs, plant_stray_layer, plant_stray_file]


@only_hull
@pytest.mark.parametrize("plant", STRAYS, ids=lambda plant: plant.__name__.removeprefix("plant_"))
def test_what_belongs_to_nothing_is_found_and_removed(engine, checked, plant):
    path = plant(engine, None)
    code, problems = checked()
    assert code == 1 and len(problems) == 1 and path.name[:12] in problems[0]["Object"], problems
    assert path.exists() and not problems[0]["Mended"] and problems[0]["Fix"]
    code, problems = checked("--mend")
    assert code == 0 and problems[0]["Mended"] and not path.exists()
    assert checked() == (0, [])


@pytest.fixture
def victim(fresh_engine, load):
    """An engine of its own with an image of two layers."""
    engine = fresh_engine()
    load("store:1", layer("a", 50_000), layer("b", 50_000), docker=engine.docker)
    return engine


@only_hull
def test_a_spoilt_blob_is_found(victim, checked):
    blobs = sorted((victim.root / "content/blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    with open(blobs[-1], "r+b") as file:
        file.seek(100)
        file.write(b"\xff\x00\xff\x00")
    code, problems = checked(engine=victim)
    assert code == 1 and any(blobs[-1].name[:12] in problem["Object"] for problem in problems), problems
    checked("--mend", engine=victim)
    assert victim.api("GET", "/_ping").status == 200
    checked(engine=victim)


@only_hull
def test_a_lost_layer_is_found_and_unpacked_again(victim, checked):
    layers = [path for path in (victim.root / "layers").iterdir() if any(path.rglob("b"))]
    shutil.rmtree(layers[0])
    code, problems = checked(engine=victim)
    assert code == 1 and problems, problems
    code, problems = checked("--mend", engine=victim)
    assert code == 0 and all(problem["Mended"] for problem in problems), problems
    victim.docker("create", "--name", "user", "store:1", "/none")
    assert victim.docker("cp", "user:/b", "-").stdout
    assert checked(engine=victim) == (0, [])


@only_hull
def test_check_finds_nothing_after_a_kill_in_the_middle_of_a_pull(fresh_engine, registry_on, proxy_on, checked):
    engine = fresh_engine()
    registry = registry_on(engine.host)
    registry.put_image("big", "one", [layer("one", 3 << 20), layer("two", 3 << 20)], compress=None)
    proxy = proxy_on(engine.host)
    proxy.when("/blobs/", drip(16384, 0.002))
    client = engine.docker.start("pull", f"{proxy.address}/big:one")
    until(lambda: proxy.total > 4 << 20, "most of it has come", 30)
    engine.kill()
    client.communicate()
    engine.start()
    assert checked(engine=engine) == (0, [])
    proxy.heal()
    engine.docker("pull", f"{proxy.address}/big:one")
    engine.docker("rmi", f"{proxy.address}/big:one")
    assert checked(engine=engine) == (0, [])


@only_hull
@pytest.mark.parametrize("delay", [0.0, 0.002, 0.005, 0.01, 0.02])
def test_check_finds_nothing_after_a_kill_in_the_middle_of_a_prune(victim, checked, load, delay):
    for number in range(10):
        load(f"store-{number}:1", *(layer(f"{number}-{part}") for part in range(5)), docker=victim.docker)
    client = victim.docker.start("image", "prune", "-a", "-f")
    time.sleep(delay)  # the instant of the kill is what is tried
    victim.kill()
    client.communicate()
    victim.start()
    assert checked(engine=victim) == (0, [])
    victim.docker("image", "prune", "-a", "-f")
    assert checked(engine=victim) == (0, [])
    assert victim.docker("images", "-aq").out == ""


# Why something is kept.


@pytest.fixture
def reasons(api):
    """reasons(id) are the (kind, name) pairs of what keeps it."""

    def ask(identity):
        answer = api("GET", f"/hull/store/why/{identity}")
        assert answer.status == 200, answer.body
        return {(reason["Kind"], reason["Name"].removeprefix("docker.io/library/")) for reason in answer.json()["Reasons"]}

    return ask


@only_hull
def test_tags_and_containers_are_reasons(docker, load, reasons, api):
    identity = load("store:1", layer("a"))
    docker("tag", "store:1", "store:2")
    container = docker("create", "--name", "user", "store:1", "/none").out
    found = reasons(identity)
    assert {("tag", "store:1"), ("tag", "store:2")} <= found
    assert any(kind == "container" and name in ("user", container) for kind, name in found)
    docker("rm", "user")
    assert reasons(identity) == {("tag", "store:1"), ("tag", "store:2")}
    assert api("GET", f"/hull/store/why/{identity[7:19]}").json()["Kind"] == "image"
    assert api("GET", "/hull/store/why/sha256:" + "0" * 64).status == 404


@only_hull
def test_a_layer_and_a_blob_are_kept_by_their_images(docker, load, reasons):
    load("store-a:1", layer("shared"), layer("a"))
    load("store-b:1", layer("shared"), layer("b"))
    shared = json.loads(docker("inspect", "-f", "{{json .RootFS.Layers}}", "store-a:1").out)[0]
    assert reasons(shared) == {("image", "store-a:1"), ("image", "store-b:1")}


@only_hull
def test_the_client_tells_reasons(hull, load):
    identity = load("store:1", layer("a"))
    lines = hull("why-kept", "store:1").lines
    assert lines[0].startswith(f"image {identity} (") and lines[0].endswith("is kept by")
    assert [line.split() for line in lines[1:]] == [["tag", "store:1"]] or "docker.io/library/store:1" in lines[1]


# The budget.


@only_hull
def test_a_full_budget_takes_the_image_that_was_used_longest_ago(fresh_engine, load, checked):
    engine = fresh_engine("--disk-budget", "200m")  # an image is here twice: as it came, and unpacked
    for number in range(4):
        load(f"store-{number}:1", layer(f"{number}", 15 << 20), docker=engine.docker)
    engine.docker("create", "--name", "user", "store-0:1", "/none")
    engine.docker("rm", engine.docker("create", "store-1:1", "/none").out)
    for number in range(4, 7):
        load(f"store-{number}:1", layer(f"{number}", 15 << 20), docker=engine.docker)

    def kept():
        return {line.split(":")[0] for line in listed(engine.docker)}

    until(lambda: files_of(engine.root / "layers", engine.root / "content")[1] <= 200 << 20, f"the store keeps its budget: {kept()}", 30)
    assert {"store-0", "store-6"} <= kept(), "what a container uses and what just came stays"
    assert "store-2" not in kept(), "what was used longest ago goes first"
    assert checked(engine=engine)[1] == []
