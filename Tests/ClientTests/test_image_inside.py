# SPDX-License-Identifier: Apache-2.0
"""Inside an image: its layers with what made them and what they waste, and the difference of two images."""
import json
import tarfile

import pytest
from support.archives import docker_archive
from support.engine import KIND
from support.images import folder, link, regular, tar_of

pytestmark = [pytest.mark.skipif(KIND == "docker", reason="hull: it is Hull's own"), pytest.mark.usefixtures("tidy_images")]


def first(archive):
    folder(archive, "etc")
    regular(archive, "etc/kept", b"k" * 100)
    regular(archive, "etc/overwritten", b"o" * 2000)
    regular(archive, "etc/removed", b"r" * 300)
    folder(archive, "hidden")
    regular(archive, "hidden/one", b"1" * 40)
    regular(archive, "hidden/two", b"2" * 5)


def second(archive):
    regular(archive, "etc/overwritten", b"n" * 1000)
    regular(archive, "etc/.wh.removed", b"")
    folder(archive, "hidden")
    regular(archive, "hidden/.wh..wh..opq", b"")
    regular(archive, "hidden/three", b"3")


@pytest.fixture
def image(docker):
    docker("load", stdin=docker_archive([tar_of(first), tar_of(second)], tags=("inside:one",)))
    return "inside:one"


def shown(hull, *arguments):
    return json.loads(hull("image", *arguments, "--json").stdout)


def test_layers_are_told_with_sizes_and_instructions(docker, hull, image):
    answer = shown(hull, "show", image)
    assert answer["Id"] == docker("inspect", "-f", "{{.Id}}", image).out
    layers = answer["Layers"]
    assert [one["DiffID"] for one in layers] == json.loads(docker("inspect", "-f", "{{json .RootFS.Layers}}", image).out)
    assert [one["CreatedBy"] for one in layers] == ["step 0", "step 1"]
    assert [one["Size"] for one in layers] == [2445, 1001]
    assert answer["Size"] == 3446


def test_wasted_bytes_are_those_of_files_that_nobody_sees(hull, image):
    answer = shown(hull, "show", image)
    wasted = {one["Path"].lstrip("/"): (one["Size"], one["Why"], one["Layer"]) for one in answer["Layers"][0]["WastedFiles"]}
    assert wasted == {
        "etc/overwritten": (2000, "overwritten", 1),
        "etc/removed": (300, "removed", 1),
        "hidden/one": (40, "removed", 1),
        "hidden/two": (5, "removed", 1),
    }
    assert [one["Wasted"] for one in answer["Layers"]] == [2345, 0] and answer["Wasted"] == 2345


def test_the_table_is_for_people(hull, image):
    lines = hull("image", "show", "--files", image).lines
    assert lines[0].split() == ["#", "LAYER", "SIZE", "COMPRESSED", "WASTED", "CREATED", "BY"]
    assert lines[1].split()[2] == "2.445kB" and lines[1].endswith("step 0")
    assert any(line.endswith("/etc/overwritten") for line in lines)
    assert lines[-1].endswith("2 layers, 3.446kB, of it wasted: 2.345kB (68.0 %)")


def test_an_image_that_is_not_there_is_named(hull):
    assert "nosuch" in hull("image", "show", "nosuch", code=1).err
    assert "nosuch" in hull("image", "diff", "busybox", "nosuch", code=1).err


def changed(archive):
    folder(archive, "etc")
    regular(archive, "etc/same", b"same")
    regular(archive, "etc/content", b"after, longer")
    regular(archive, "etc/mode", b"m", mode=0o600)
    regular(archive, "etc/owner", b"o", uid=5)
    link(archive, "etc/link", "elsewhere")
    folder(archive, "etc/kind")
    regular(archive, "new", b"12345")


def original(archive):
    folder(archive, "etc")
    regular(archive, "etc/same", b"same")
    regular(archive, "etc/content", b"before")
    regular(archive, "etc/mode", b"m")
    regular(archive, "etc/owner", b"o")
    link(archive, "etc/link", "here")
    regular(archive, "etc/kind", b"k")
    regular(archive, "old", b"123")


@pytest.fixture
def pair(docker):
    docker("load", stdin=docker_archive([tar_of(original)], tags=("inside:from",), config={"Cmd": ["sh"], "Env": ["A=1"]}))
    docker("load", stdin=docker_archive([tar_of(changed)], tags=("inside:to",), config={"Cmd": ["sh"], "Env": ["A=2"], "User": "app"}))
    return "inside:from", "inside:to"


def test_a_difference_names_every_file_and_what_is_other(hull, pair):
    answer = shown(hull, "diff", *pair)
    changes = {one["Path"].lstrip("/"): one for one in answer["Changes"]}
    assert {path: one["Kind"] for path, one in changes.items()} == {
        **{f"etc/{name}": "changed" for name in ("content", "mode", "owner", "link", "kind")},
        "new": "added",
        "old": "removed",
    }
    assert {path.removeprefix("etc/"): one["What"] for path, one in changes.items() if one["Kind"] == "changed"} == {
        "content": ["content"],
        "mode": ["mode"],
        "owner": ["owner"],
        "link": ["link"],
        "kind": changes["etc/kind"]["What"],
    }
    assert "type" in changes["etc/kind"]["What"]
    assert (changes["etc/content"]["SizeFrom"], changes["etc/content"]["SizeTo"]) == (6, 13)
    assert changes["new"]["SizeTo"] == 5 and changes["old"]["SizeFrom"] == 3


def test_a_difference_names_fields_of_the_configuration(hull, pair):
    fields = {one["Field"]: (one["From"], one["To"]) for one in shown(hull, "diff", *pair)["Config"]}
    assert fields.keys() == {"Env.A", "User"} and fields["Env.A"] == ("1", "2") and fields["User"][1] == "app"


def test_the_difference_is_for_people(hull, pair):
    lines = hull("image", "diff", *pair).lines
    assert any(line.startswith("A /new (5B)") for line in lines) and any(line.startswith("D /old (3B)") for line in lines)
    assert any(line.startswith("C /etc/content (content; 6B -> 13B)") for line in lines)


def test_an_image_does_not_differ_from_itself(hull, image):
    answer = shown(hull, "diff", image, image)
    assert not answer["Changes"] and not answer["Config"]


def test_the_sum_is_what_export_holds(docker, hull, image, tmp_path):
    """Size less waste is what a container sees."""
    answer = shown(hull, "show", image)
    docker("export", "-o", tmp_path / "all.tar", docker("create", image, "/none").out)
    with tarfile.open(tmp_path / "all.tar") as archive:
        seen = sum(entry.size for entry in archive if entry.isfile() and entry.name.split("/")[0] in ("etc", "hidden") and entry.size)
    assert answer["Size"] - answer["Wasted"] == seen
