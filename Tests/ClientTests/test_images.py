# SPDX-License-Identifier: Apache-2.0
"""What an engine knows about its images: list, inspect, tag, remove, history, prune."""
import json
import re

import pytest
from support.images import import_busybox, regular, tar_of
from support.web import Web


@pytest.fixture
def image(docker, name):
    """A small image of this test alone; gone after it."""
    reference = f"{name}:one"
    docker("import", "--message", "made by a test", "--change", "LABEL colour=red", "--change", "CMD [\"/hello\"]", "-", reference, stdin=_tar(name))
    yield reference
    for line in docker("images", "-q", "--filter", "label=colour=red").lines:
        docker("rmi", "-f", line, code=None)


def _tar(text):
    return tar_of(lambda archive: regular(archive, "hello", text.encode()))


def test_the_list_shows_repository_tag_id_and_size(docker, image):
    repository, tag = image.split(":")
    rows = docker("images", "--format", "{{.Repository}} {{.Tag}} {{.ID}} {{.Size}}").lines
    row = next(line for line in rows if line.startswith(f"{repository} "))
    assert re.fullmatch(rf"{repository} {tag} [0-9a-f]{{12}} \d+B", row)


def test_the_quiet_list_gives_ids_and_no_trunc_the_whole_digest(docker, image):
    short = docker("images", "-q", image).out
    whole = docker("images", "-q", "--no-trunc", image).out
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", whole)
    assert whole[7:19] == short


def test_the_list_filters_by_reference_label_and_age(docker, image):
    def listed(*filters):
        options = [part for one in filters for part in ("--filter", one)]
        return docker("images", "--format", "{{.Repository}}:{{.Tag}}", *options).lines

    repository = image.split(":")[0]
    assert listed(f"reference={repository}*") == [image]
    assert listed("reference=*:latest", "label=colour=red") == []
    assert image in listed("label=colour=red") and "busybox:latest" not in listed("label=colour")
    assert image in listed("since=busybox:latest")
    assert "busybox:latest" in listed(f"before={image}") and image not in listed(f"before={image}")
    assert image not in listed("dangling=true")


def test_an_unknown_filter_is_refused(docker):
    assert "invalid filter" in docker("images", "--filter", "nonsense=1", code=1).err.lower()


def test_inspect_gives_config_layers_and_size(docker, image):
    (found,) = json.loads(docker("inspect", image).out)
    assert found["RepoTags"] == [image]
    assert found["Config"]["Labels"] == {"colour": "red"}
    assert found["Config"]["Cmd"] == ["/hello"]
    assert found["RootFS"]["Type"] == "layers" and len(found["RootFS"]["Layers"]) == 1
    assert found["Os"] == "linux" and found["Architecture"] == "amd64"
    assert found["Size"] > 0 and found["Comment"] == "made by a test"
    assert docker("image", "inspect", found["Id"][7:15], "--format", "{{.Id}}").out == found["Id"]


def test_inspect_of_nothing_names_what_was_asked(docker):
    result = docker("image", "inspect", "nosuch:image", code=1)
    assert result.out == "[]" and "No such image: nosuch:image" in result.err


def test_history_tells_how_the_image_came_to_be(docker, image):
    rows = docker("history", "--format", "{{.ID}} {{.Comment}}", image).lines
    assert len(rows) == 1
    assert rows[0].endswith("made by a test")


def test_a_tag_is_another_name_for_the_same_image(docker, image):
    docker("tag", image, "registry.example:5000/team/other:2.0")
    identity = docker("images", "-q", "--no-trunc", image).out
    assert docker("images", "-q", "--no-trunc", "registry.example:5000/team/other:2.0").out == identity
    (found,) = json.loads(docker("inspect", image).out)
    assert sorted(found["RepoTags"]) == sorted([image, "registry.example:5000/team/other:2.0"])


def test_a_tag_moves_and_leaves_a_dangling_image(docker, image):
    first = docker("images", "-q", "--no-trunc", image).out
    docker("import", "--change", "LABEL colour=red", "-", image, stdin=_tar("other"))
    assert docker("images", "-q", "--no-trunc", image).out != first
    assert first in docker("images", "-q", "--no-trunc", "--filter", "dangling=true").lines


@pytest.mark.parametrize("bad", ["UPPER:case", "a b", "-x/y", "name:" + "t" * 129, "a//b"], ids=["upper", "space", "dash", "long tag", "slashes"])
def test_a_bad_reference_is_refused(docker, bad, image):
    assert "invalid reference format" in docker("tag", "--", image, bad, code=1).err


def test_tagging_what_is_not_there_fails(docker):
    assert "No such image: nosuch:latest" in docker("tag", "nosuch", "other", code=1).err


def test_removing_one_of_two_names_only_untags(docker, image):
    docker("tag", image, "second:name")
    assert docker("rmi", "second:name").lines == ["Untagged: second:name"]
    assert docker("images", "-q", image).out


def test_removing_the_last_name_deletes_the_image(docker, image):
    identity = docker("images", "-q", "--no-trunc", image).out
    lines = docker("rmi", image).lines
    assert lines[0] == f"Untagged: {image}" and f"Deleted: {identity}" in lines
    assert "No such image" in docker("inspect", "--type", "image", image, code=1).err


def test_an_image_with_several_names_needs_force_to_go_by_id(docker, image):
    docker("tag", image, "elsewhere/name")
    identity = docker("images", "-q", image).out
    assert "must be forced" in docker("rmi", identity, code=1).err
    assert f"Untagged: {image}" in docker("rmi", "-f", identity).lines
    assert docker("images", "-q", "elsewhere/name").out == ""


def test_an_image_in_use_by_a_running_container_stays(docker, run, name):
    reference = f"{name}/used:1"
    import_busybox(docker, reference)
    container = run(image=reference)
    identity = docker("images", "-q", reference).out
    error = docker("rmi", identity, code=1).err
    assert "conflict" in error and container[:12] in error
    docker("stop", "-t", "0", container)
    assert "conflict" in docker("rmi", identity, code=1).err
    docker("rm", container)
    docker("rmi", identity)


def test_prune_removes_dangling_images_only(docker, image):
    first = docker("images", "-q", "--no-trunc", image).out
    docker("import", "--change", "LABEL colour=red", "-", image, stdin=_tar("newer"))
    assert first in docker("image", "prune", "-f").out
    left = docker("images", "-q", "--no-trunc").lines
    assert first not in left and docker("images", "-q", image).out


def test_ids_are_found_by_their_beginning_and_a_common_one_is_ambiguous(docker, image):
    identity = docker("images", "-q", "--no-trunc", image).out[7:]
    for length in (4, 12, 64):
        assert docker("image", "inspect", "--format", "{{.Id}}", identity[:length]).out == f"sha256:{identity}"
    assert docker("image", "inspect", "--format", "{{.Id}}", f"sha256:{identity}").out == f"sha256:{identity}"


def test_running_an_unknown_image_fails_with_125(docker):
    result = docker("run", "--pull", "never", "nosuch:image", code=125)
    assert "No such image: nosuch:image" in result.err


def test_import_from_an_address(engine, docker, name):
    with Web(engine.host) as web:
        address = web.put("/root.tar", _tar(name))
        identity = docker("import", "--change", "CMD [\"/hello\"]", address, f"{name}:web").lines[-1]
        assert docker("history", "--format", "{{.Comment}}", f"{name}:web").out == f"Imported from {address}"
        shown = json.loads(docker("inspect", f"{name}:web").out)[0]
        assert shown["Id"] == identity and shown["Config"]["Cmd"] == ["/hello"]
        # Without a scheme it is HTTP.
        assert engine.api("POST", f"/images/create?fromSrc={address.removeprefix('http://')}&repo={name}&tag=bare").status == 200
        missing = docker("import", address.replace("root", "nosuch"), f"{name}:none", code=1).err
        assert "404" in missing or "not found" in missing.lower(), missing
        broken = docker("import", web.put("/broken.tar", b"no archive at all, but longer than nothing" * 100), f"{name}:none", code=1).err
        assert broken
    assert "refused" in docker("import", address, f"{name}:none", code=1).err
    assert docker("images", "-q", f"{name}:none").out == ""
    docker("rmi", "-f", identity, f"{name}:bare")
