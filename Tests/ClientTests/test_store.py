# SPDX-License-Identifier: Apache-2.0
"""Disk: what images take of it, why something is kept, whether everything belongs to something, and the budget."""
import os
import stat
import threading
import time
from pathlib import Path

import pytest
from support.archives import docker_archive
from support.images import BUSYBOX, busybox_tar, link, regular, tar_of

pytestmark = pytest.mark.hull("Hull's own")


def files(folder):
    """(bytes, number) of the regular files below a folder, each once."""
    seen = {}
    for place, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(Path(place, name))
            if stat.S_ISREG(status.st_mode):
                seen[status.st_dev, status.st_ino] = status.st_size
    return sum(seen.values()), len(seen)


def layer(name, size=1000):
    return tar_of(lambda archive: regular(archive, name, name[-1:].encode() * size))


def load(engine, name, *layers):
    engine.docker("load", stdin=docker_archive(list(layers), tags=[f"{name}:1"]))


def check(engine, query=""):
    answer = engine.api("POST", f"/hull/store/check{query}", timeout=120)
    assert answer.status == 200, answer.body
    return answer.json()


def names(engine):
    return {tag for image in engine.api("GET", "/images/json").json() for tag in image["RepoTags"]}


@pytest.fixture
def own(fresh_engine):
    """An engine of its own with three images: two share a layer."""
    engine = fresh_engine()
    base = tar_of(lambda archive: (regular(archive, "etc/a", b"a" * 5000), link(archive, "etc/b", "a"), regular(archive, "etc/c", b"c" * 7000)))
    load(engine, "one", base, layer("etc/c", 2000))
    load(engine, "two", base, tar_of(lambda archive: regular(archive, "etc/.wh.a", b"")))
    return engine


def test_the_sizes_are_those_on_disk(own):
    own.docker("run", "--name", "writer", BUSYBOX, "sh", "-c", "head -c 12345 /dev/zero > /root/zeros")
    usage = own.api("GET", "/system/df").json()
    assert usage["LayersSize"] == sum(files(place / "fs")[0] for place in (own.root / "layers").iterdir())
    assert usage["ContentSize"] == files(own.root / "content")[0] and usage["DownloadsSize"] == 0
    images = {image["RepoTags"][0]: image for image in usage["Images"]}
    assert (images["one:1"]["Size"], images["one:1"]["SharedSize"]) == (14000, 12000)
    assert (images["two:1"]["Size"], images["two:1"]["SharedSize"]) == (12000, 12000)
    assert sum(image["Size"] - image["SharedSize"] for image in images.values()) + 12000 == usage["LayersSize"]
    assert usage["Containers"][0]["SizeRw"] == 12345
    assert "12.3" in own.docker("system", "df", "-v").out


def test_a_prune_says_what_the_disk_gets_back(own):
    def taken():
        usage = own.api("GET", "/system/df").json()
        return usage["LayersSize"] + usage["ContentSize"]

    before, on_disk = taken(), sum(files(own.root / folder)[0] for folder in ("content", "layers"))
    own.docker("rmi", BUSYBOX)
    between, then_on_disk = taken(), sum(files(own.root / folder)[0] for folder in ("content", "layers"))
    assert 0 < before - between <= on_disk - then_on_disk  # the files that name the layers count as nothing
    report = own.api("POST", '/images/prune?filters={"dangling":["false"]}').json()
    assert report["SpaceReclaimed"] == between and taken() == 0
    assert files(own.root / "layers") == (0, 0)


def test_what_is_inside_an_image(own):
    inside = own.api("GET", "/hull/images/one:1/layers").json()
    assert [(one["Size"], one["Wasted"], one["CreatedBy"]) for one in inside["Layers"]] == [(12000, 7000, "step 0"), (2000, 0, "step 1")]
    assert inside["Layers"][0]["WastedFiles"] == [{"Path": "/etc/c", "Size": 7000, "Why": "overwritten", "Layer": 1}]
    assert (inside["Size"], inside["Wasted"]) == (14000, 7000)
    assert own.api("GET", "/hull/images/nothing/layers").status == 404
    shown = own.hull("image", "show", "--files", "one:1").out
    assert "overwritten" in shown and "/etc/c" in shown


def test_how_two_images_differ(own):
    difference = own.api("GET", "/hull/images/diff?from=one:1&to=two:1").json()
    assert difference["Changes"] == [
        {"Path": "/etc/a", "Kind": "removed", "SizeFrom": 5000, "SizeTo": 0, "What": []},
        {"Path": "/etc/c", "Kind": "changed", "SizeFrom": 2000, "SizeTo": 7000, "What": ["content"]},
    ]
    assert own.api("GET", "/hull/images/diff?from=one:1&to=one:1").json()["Changes"] == []
    assert own.api("GET", "/hull/images/diff?from=one:1&to=nothing").status == 404
    assert own.api("GET", "/hull/images/diff?from=one:1").status == 400
    assert "D /etc/a" in own.hull("image", "diff", "one:1", "two:1").out


def test_a_whole_image_differs_in_every_path(own):
    changes = own.api("GET", f"/hull/images/diff?from=one:1&to={BUSYBOX}").json()["Changes"]
    assert len(changes) > 300 and {"Path": "/etc/passwd", "Kind": "added"}.items() <= next(c for c in changes if c["Path"] == "/etc/passwd").items()


def test_why_something_is_kept(own):
    container = own.docker("create", "--name", "user", "one:1").out
    why = own.api("GET", "/hull/store/why/one:1").json()
    assert (why["Kind"], why["Size"]) == ("image", 14000)
    assert why["Reasons"] == [{"Kind": "container", "Name": "user"}, {"Kind": "tag", "Name": "one:1"}]
    lowest = own.api("GET", "/images/two:1/json").json()["RootFS"]["Layers"][0]
    reasons = own.api("GET", f"/hull/store/why/{lowest[7:25]}").json()["Reasons"]
    assert reasons == [{"Kind": "container", "Name": "user"}, {"Kind": "image", "Name": "one:1"}, {"Kind": "image", "Name": "two:1"}]
    own.docker("rm", container)
    assert own.api("GET", "/hull/store/why/nothing").status == 404
    assert "one:1" in own.hull("why-kept", "one:1").out


def test_a_check_finds_what_belongs_to_nothing(own):
    own.docker("volume", "create", "kept")
    own.docker("create", "--name", "kept", "one:1")
    assert check(own)["Problems"] == []
    for place in ("content/ingest/left", "layers/.new-left", "containers/left", "volumes/left"):
        folder = own.root / place
        folder.mkdir()
        (folder / "file").write_bytes(b"12345")
    (own.root / "mine").write_bytes(b"123")
    found = {problem["Object"]: problem for problem in check(own)["Problems"]}
    assert set(found) == {"content/ingest/left", "layers/.new-left", "containers/left", "volumes/left", "mine"}
    assert found["volumes/left"]["Bytes"] == 5 and not any(problem["Mended"] for problem in found.values())
    mended = {problem["Object"]: problem["Mended"] for problem in check(own, "?mend=1")["Problems"]}
    assert mended == {place: place != "mine" for place in found}  # nobody but its owner takes that away
    (own.root / "mine").unlink()
    report = check(own)
    assert report["Problems"] == [] and report["Checked"]["Images"] == 3
    assert own.docker("start", "kept", code=None).code != 0  # no program in it, but it is still there


def test_a_damaged_layer_is_mended(own):
    chain = own.api("GET", "/images/one:1/json").json()["RootFS"]["Layers"][0][7:]
    (own.root / "layers" / chain / "fs/etc/a").write_bytes(b"less")
    problem = check(own)["Problems"][0]
    assert problem["Object"] == f"layer sha256:{chain}" and "5000" not in problem["Fix"] and not problem["Mended"]
    assert [problem["Mended"] for problem in check(own, "?mend=1")["Problems"]] == [True]
    assert (own.root / "layers" / chain / "fs/etc/a").read_bytes() == b"a" * 5000
    assert check(own)["Problems"] == []


def test_a_damaged_blob_is_named(own):
    blob = own.api("GET", "/hull/images/one:1/layers").json()["Layers"][1]["Digest"]
    path = own.root / "content/blobs/sha256" / blob[7:]
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert check(own, "?deep=0")["Problems"] == []
    problem = check(own, "?mend=1")["Problems"][0]
    assert problem["Object"] == f"blob {blob}" and "damaged" in problem["Problem"] and "load or make one:1 again" in problem["Fix"]
    load(own, "one", tar_of(lambda archive: (regular(archive, "etc/a", b"a" * 5000), link(archive, "etc/b", "a"), regular(archive, "etc/c", b"c" * 7000))), layer("etc/c", 2000))
    assert check(own)["Problems"] == []


def test_a_check_takes_nothing_that_is_under_way_for_garbage(own):
    stopped, failures = threading.Event(), []

    def repeat(body):
        number = 0
        while not stopped.is_set():
            number += 1
            try:
                body(number)
            except AssertionError as error:
                failures.append(error)
                return

    def images(number):
        load(own, f"busy{number % 3}", layer(f"etc/x{number}", 200_000), layer(f"etc/y{number}", 200_000))
        own.docker("rmi", f"busy{number % 3}:1")

    def containers(number):
        own.docker("run", "--rm", "-v", f"/data{number}", BUSYBOX, "true")

    def volumes(number):
        own.docker("volume", "create", f"v{number}")
        own.docker("volume", "rm", f"v{number}")

    workers = [threading.Thread(target=repeat, args=[body]) for body in (images, containers, volumes)]
    for worker in workers:
        worker.start()
    end, rounds = time.monotonic() + 8, 0
    while time.monotonic() < end:
        rounds += 1
        assert check(own, f"?mend={rounds % 2}&deep={rounds % 3 and 1}")["Problems"] == []
    stopped.set()
    for worker in workers:
        worker.join()
    assert failures == [] and rounds > 3
    assert check(own)["Problems"] == []


def test_the_budget_keeps_what_was_used_last(fresh_engine):
    engine = fresh_engine("--disk-budget", "6m", busybox=False)
    load(engine, "used", busybox_tar())
    engine.docker("create", "used:1")
    moment = f"{time.time():.9f}"
    for number in range(6):  # 0.8 MB each, stored and unpacked
        load(engine, f"n{number}", layer(f"etc/{number}", 400_000))
        if number == 1:
            engine.docker("rm", engine.docker("create", "n0:1").out)  # a use
    usage = engine.api("GET", "/system/df").json()
    assert usage["LayersSize"] + usage["ContentSize"] <= 6 << 20
    left = names(engine)
    assert {"used:1", "n5:1"} <= left and "n1:1" not in left
    events = engine.docker("events", "--since", moment, "--until", f"{time.time():.9f}", "--filter", "event=delete", "--format", "json").lines
    assert events and all('"reason":"disk budget"' in event for event in events)
    assert check(engine)["Problems"] == []
    assert "disk budget: image n1:1 removed" in engine.log_tail()


def test_a_wrong_budget_is_refused(fresh_engine):
    with pytest.raises(AssertionError, match="invalid disk budget '5x'"):
        fresh_engine("--disk-budget", "5x", busybox=False)
