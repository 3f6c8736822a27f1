# SPDX-License-Identifier: Apache-2.0
"""Small caches (`mode=min`, inline) of builds with several stages: a stage that only lends files is passed over when nothing changed."""
import hashlib
import json
import re

import pytest
from support.builds import steps
from support.images import BUSYBOX
from support.registries import LOOPBACK

pytestmark = pytest.mark.hull("caches are Hull's own")
PLACE = f"{LOOPBACK}:5000"
# What the first stage gives is never the same twice; a large file shows whether its layer was fetched.
TEXT = f"""FROM {BUSYBOX} AS build
WORKDIR /src
COPY source .
RUN dd if=/dev/urandom of=/large bs=1M count=6 && head -c 16 /dev/urandom | od -An -tx1 > /made && cat source >> /made
RUN cp /made /again
FROM {BUSYBOX}
RUN echo base > /base
COPY --from=build /made /made
RUN --mount=type=bind,from=build,source=/again,target=/mnt cat /mnt > /mounted
"""
STEPS = ["WORKDIR /src", "COPY source .", "RUN dd if", "RUN cp /made /again", "RUN echo base > /base", "COPY --from=build /made /made", "RUN --mount=type=bind"]
WAYS = ["inline", "registry", "local"]


class Place:
    """An engine, and builds of one folder there."""

    def __init__(self, engine, folder):
        self.engine, self.folder = engine, folder

    def build(self, text, *flags, code=0):
        (self.folder / "Dockerfile").write_text(text)
        return self.engine.hull("build", "--progress=plain", *flags, self.folder, code=code, timeout=120).err

    def show(self, image, *files):
        return self.engine.docker("run", "--rm", image, "cat", *files).out

    def identity(self, image):
        return self.engine.api("GET", f"/images/{image}/json").json()["Id"]

    def largest(self):
        """Bytes of the largest blob."""
        return max(file.stat().st_size for file in (self.engine.root / "content" / "blobs" / "sha256").iterdir())

    def forget(self):
        """Makes it one that has never built."""
        for image in self.engine.api("GET", "/images/json?all=1").json():
            if BUSYBOX not in (image["RepoTags"] or []):
                assert self.engine.api("DELETE", f"/images/{image['Id']}?force=1").status == 200
        assert self.engine.api("POST", "/build/prune?all=1").status == 200


@pytest.fixture
def place(engine, hull, tmp_path):
    engine.hull = hull
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "source").write_text("first\n")
    place = Place(engine, folder)
    place.forget()
    yield place
    place.forget()


@pytest.fixture(params=WAYS)
def way(request, engine, tmp_path):
    """Flags that write and that read a small cache, of one kind."""
    if request.param == "local":
        return ["--cache-to", f"type=local,dest={tmp_path}/cache", "-t", "app"], ["--cache-from", f"type=local,src={tmp_path}/cache"]
    request.getfixturevalue("registry_on")(engine.host)
    if request.param == "registry":
        return ["--cache-to", f"type=registry,ref={PLACE}/small:cache,mode=min", "-t", "app"], ["--cache-from", f"{PLACE}/small:cache"]
    return ["--cache-to", "type=inline", "-t", f"{PLACE}/small:1", "--push"], ["--cache-from", f"{PLACE}/small:1"]


def fates(said):
    """What became of each of STEPS."""
    found = steps(said)
    return [next((fate for name, fate in found.items() if name.startswith(step)), None) for step in STEPS]


@pytest.fixture
def first(place, way):
    """The image of a build that wrote a cache, as (ID, what its files say); the engine has forgotten it."""
    write, _ = way
    place.build(TEXT, *write)
    image = write[write.index("-t") + 1]
    if "--push" in write:
        place.engine.docker("pull", image)
    made = place.identity(image), place.show(image, "/made", "/mounted")
    place.forget()
    return made


def test_a_stage_that_did_not_change_is_passed_over(place, way, first):
    said = place.build(TEXT, *way[1], *([] if "type=inline" not in way[0] else ["--cache-to", "type=inline"]), "-t", "app")
    assert fates(said) == ["CACHED"] * 7, said
    assert place.show("app", "/made", "/mounted") == first[1]
    assert place.identity("app") == first[0]
    assert place.largest() < 6 << 20, "the layer of the stage is not here"
    assert "ERROR" not in said and "WARN" not in said


def test_a_stage_that_changed_is_done(place, way, first):
    (place.folder / "source").write_text("second\n")
    said = place.build(TEXT, *way[1], "-t", "app")
    # Also what did not change in it: its layers are nowhere.
    assert fates(said) == ["DONE", "DONE", "DONE", "DONE", "CACHED", "DONE", "DONE"], said
    made = place.show("app", "/made").strip()
    assert made.endswith("second") and place.show("app", "/mounted").strip() == made


def test_what_is_added_to_a_stage_has_it_done_from_the_beginning(place, way, first):
    text = TEXT.replace("RUN cp /made /again\n", "RUN cp /made /again && echo more >> /again\n")
    said = place.build(text, *way[1], "-t", "app")
    # The file that is copied is another one, too: the image is of one piece.
    made = place.show("app", "/made").strip()
    assert made.endswith("first") and made not in first[1]
    assert place.show("app", "/mounted").strip() == made + "\nmore"
    assert fates(said)[2] == "DONE" and fates(said)[5:] == ["DONE", "DONE"], said
    assert "ERROR" not in said and "CANCELED" not in said


def test_other_files_of_a_stage_have_it_done(place, way, first):
    said = place.build(TEXT + "COPY --from=build /again /also\n", *way[1], "-t", "app")
    made = place.show("app", "/made")
    assert made == place.show("app", "/also") == place.show("app", "/mounted") and made not in first[1]
    assert fates(said)[2] == "DONE" and fates(said)[4] == "CACHED", said


def test_what_follows_the_stages_is_done_on_top(place, way, first):
    said = place.build(TEXT + "RUN echo last > /last\n", *way[1], "-t", "app")
    assert fates(said) == ["CACHED"] * 7, said
    assert place.show("app", "/last") == "last" and place.largest() < 6 << 20


def test_a_stage_is_done_when_it_is_asked_for(place, way, first):
    said = place.build(TEXT, *way[1], "--target", "build", "-t", "app")
    assert fates(said)[:4] == ["DONE"] * 4, said
    assert place.show("app", "/made") == place.show("app", "/again")


def test_stages_whose_cache_is_not_to_be_asked_are_done(place, way, first):
    said = place.build(TEXT, *way[1], "--no-cache-filter", "build", "-t", "app")
    assert fates(said) == ["DONE", "DONE", "DONE", "DONE", "CACHED", "DONE", "DONE"], said
    assert place.show("app", "/made") == place.show("app", "/mounted") not in first[1]


def test_what_was_passed_over_can_be_passed_on(place, way, first, tmp_path):
    place.build(TEXT, *way[1], "--cache-to", f"type=local,dest={tmp_path}/next")
    place.forget()
    said = place.build(TEXT, "--cache-from", f"type=local,src={tmp_path}/next", "-t", "app")
    assert fates(said) == ["CACHED"] * 7, said
    assert place.show("app", "/made", "/mounted") == first[1] and place.largest() < 6 << 20


def test_provenance_and_reasons_know_what_was_passed_over(place, way, first):
    said = place.build(TEXT, *way[1], "--provenance=mode=max", "--explain", "-t", "app")
    assert fates(said) == ["CACHED"] * 7, said
    (place.folder / "source").write_text("second\n")
    place.forget()
    said = place.build(TEXT, *way[1], "--explain", "-t", "app")
    assert fates(said)[:4] == ["DONE"] * 4, said
    assert "its files are needed" in said, said


def test_a_chain_of_stages_is_passed_over_as_far_as_nothing_changed(place, tmp_path):
    text = f"""FROM {BUSYBOX} AS one
RUN head -c 8 /dev/urandom | od -An -tx1 > /one
FROM {BUSYBOX} AS two
COPY --from=one /one /
RUN head -c 8 /dev/urandom | od -An -tx1 > /two
FROM {BUSYBOX} AS other
RUN head -c 8 /dev/urandom | od -An -tx1 > /other
FROM {BUSYBOX}
COPY --from=other /other /
COPY --from=two / /all/
"""
    place.build(text, "--cache-to", f"type=local,dest={tmp_path}/cache", "-t", "app")
    before = place.show("app", "/all/one", "/all/two", "/other")
    place.forget()
    found = steps(place.build(text, "--cache-from", f"type=local,src={tmp_path}/cache", "-t", "app"))
    assert {found[name] for name in found if name.startswith(("RUN", "COPY"))} == {"CACHED"}
    assert place.show("app", "/all/one", "/all/two", "/other") == before
    place.forget()
    changed = text.replace("> /two\n", "> /two && echo changed\n")
    found = steps(place.build(changed, "--cache-from", f"type=local,src={tmp_path}/cache", "-t", "app"))
    assert [fate for name, fate in found.items() if name.endswith("/other") and name.startswith("RUN")] == ["CACHED"], "the third stage did not change"
    assert [fate for name, fate in found.items() if name.endswith("> /one") and name.startswith("RUN")] == ["DONE"], "its file is needed"


@pytest.mark.parametrize("kept", [False, True])
def test_each_platform_has_the_stages_that_it_needs(place, registry_on, kept):
    registry = registry_on(place.engine.host)
    text = f"""FROM --platform=$BUILDPLATFORM {BUSYBOX} AS base
ARG TARGETARCH
RUN echo -n $TARGETARCH > arch && head -c 16 /dev/urandom | od -An -tx1 > unique
FROM scratch
COPY --from=base unique /
COPY --from=base arch /
"""
    flags = ["--cache-to", "type=inline", "--platform", "linux/amd64,linux/arm/v7", "-t", f"{PLACE}/several:1"]
    place.build(text, *flags, "--push")
    _, before = registry.manifest("several", "1")
    for _ in range(2):
        place.forget()
        if kept:
            # The image itself is here, for all platforms.
            place.engine.docker("pull", "--platform=linux/arm/v7", f"{PLACE}/several:1")
            place.engine.docker("pull", "--platform=linux/amd64", f"{PLACE}/several:1")
        found = steps(place.build(text, *flags, "--push", "--cache-from", f"{PLACE}/several:1"))
        assert {fate for name, fate in found.items() if name.startswith(("RUN", "COPY"))} == {"CACHED"}, found
        assert registry.manifest("several", "1")[1] == before


def test_the_first_builder_passes_stages_over(place, registry_on):
    registry_on(place.engine.host)
    text = f"""FROM {BUSYBOX} AS build
ENV a=b
RUN head -c 16 /dev/urandom | od -An -tx1 > /made
FROM {BUSYBOX}
COPY --from=build /made /made
CMD ["cat", "/made"]
"""
    place.build(text, "--cache-to", "type=inline", "-t", f"{PLACE}/classic:1", "--push")
    place.forget()
    place.engine.docker("pull", f"{PLACE}/classic:1")
    made = place.show(f"{PLACE}/classic:1", "/made")
    said = place.engine.docker("build", "-t", "app", "--cache-from", f"{PLACE}/classic:1", place.folder, env={"DOCKER_BUILDKIT": "0"}).out
    assert place.show("app", "/made") == made
    assert re.findall(r"Step (\d)/6 : (\w+)", said) == [(str(n), word) for n, word in enumerate(["FROM", "ENV", "RUN", "FROM", "COPY", "CMD"], 1)]
    assert said.count("Using cache") == 4 and "Running in" not in said, said


def test_of_a_whole_cache_only_what_is_needed_is_fetched(place, tmp_path):
    place.build(TEXT, "--cache-to", f"type=local,dest={tmp_path}/cache,mode=max", "-t", "app")
    before = place.identity("app")
    place.forget()
    flags = "--cache-from", f"type=local,src={tmp_path}/cache"
    said = place.build(TEXT, *flags, "-t", "app")
    assert fates(said) == ["CACHED"] * 7 and place.identity("app") == before, said
    assert place.largest() < 6 << 20
    # Another step of the stage: now the layers come, and nothing is done again.
    said = place.build(TEXT.replace("RUN cp /made /again\n", "RUN cp /made /again\nRUN echo new > /new\n") + "COPY --from=build /new /\n", *flags)
    assert fates(said) == ["CACHED"] * 7 and place.largest() > 6 << 20, said


def test_a_whole_cache_goes_on_whole(place, tmp_path):
    place.build(TEXT, "--cache-to", f"type=local,dest={tmp_path}/cache,mode=max")
    place.forget()
    place.build(TEXT, "--cache-from", f"type=local,src={tmp_path}/cache", "--cache-to", f"type=local,dest={tmp_path}/next,mode=max")
    assert place.largest() > 6 << 20
    place.forget()
    said = place.build(TEXT, "--cache-from", f"type=local,src={tmp_path}/next", "--target", "build", "-t", "app")
    assert fates(said)[:4] == ["CACHED"] * 4, said


# Caches that are not what they say.


@pytest.fixture
def spoiled(place, tmp_path):
    """spoiled(change) makes a small cache and changes its description; gives the flag that names it, and what the image's files said."""

    def run(change):
        folder = tmp_path / "cache"
        place.build(TEXT, "--cache-to", f"type=local,dest={folder}", "-t", "app")
        before = place.show("app", "/made")
        place.forget()
        blob = lambda digest: folder / "blobs" / "sha256" / digest[7:]

        def put(data):
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            blob(digest).write_bytes(data)
            return {"digest": digest, "size": len(data)}

        index = json.loads((folder / "index.json").read_text())
        manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
        document = json.loads(blob(manifest["config"]["digest"]).read_text())
        change(document)
        manifest["config"] |= put(json.dumps(document).encode())
        index["manifests"][0] |= put(json.dumps(manifest).encode())
        (folder / "index.json").write_text(json.dumps(index))
        return f"--cache-from=type=local,src={folder}", before

    return run


def other(document, key):
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def lie_about_contents(document):
    for selection in document["selections"]:
        selection["content"] = other(document, selection["content"])


def lie_about_bases(document):
    for step in document["passing"]:
        step["base"] = other(document, "base")


def lie_about_layers(document):
    for step in document["passing"]:
        step["diffID"] = other(document, step["key"])


@pytest.mark.parametrize("lie", [lie_about_contents, lie_about_bases, lie_about_layers, lambda document: document.pop("selections")])
def test_names_that_lead_nowhere_break_nothing(place, spoiled, lie):
    flag, before = spoiled(lie)
    said = place.build(TEXT, flag, "-t", "app")
    assert fates(said)[2] == "DONE" and fates(said)[4] == "CACHED" and "ERROR" not in said, said
    made = place.show("app", "/made")
    assert made == place.show("app", "/mounted") != before


def test_a_cache_of_an_older_engine_is_read(place, spoiled):
    flag, _ = spoiled(lambda document: (document.pop("selections"), document.pop("passing")))
    said = place.build(TEXT, flag, "-t", "app")
    assert fates(said)[2] == "DONE" and fates(said)[4] == "CACHED" and not re.search("ERROR|WARN", said), said


def test_what_a_stage_did_is_not_told(place, spoiled):
    seen = []
    spoiled(lambda document: seen.append(json.dumps(document)))
    assert "echo base" in seen[0] and "urandom" not in seen[0]
