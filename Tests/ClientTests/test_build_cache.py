# SPDX-License-Identifier: Apache-2.0
"""Caches that come from elsewhere and go there: `--cache-from`, `--cache-to`."""
import hashlib
import json
import re

import pytest
from support.builds import steps
from support.images import BUSYBOX
from support.registries import LOOPBACK

pytestmark = pytest.mark.hull("caches are Hull's own")
FROM = f"FROM {BUSYBOX}\n"
PLACE = f"{LOOPBACK}:5000"
TWO_STAGES = f"FROM {BUSYBOX} AS tool\nRUN echo tool > /tool\nFROM {BUSYBOX}\nRUN echo base > /base\nCOPY --from=tool /tool /tool\n"


@pytest.fixture
def build(hull, tmp_path):
    """build(dockerfile, *flags) builds a directory; gives what was said."""
    folder = tmp_path / "context"
    folder.mkdir()

    def run(text, *flags, code=0, **options):
        (folder / "Dockerfile").write_text(text)
        return hull("build", "--progress=plain", *flags, folder, code=code, timeout=120, **options).err

    return run


@pytest.fixture
def forget(api, docker):
    """forget(*images) makes the engine one that has never built: no cache, no image of those names."""

    def run(*images):
        for image in images:
            docker("rmi", "-f", image, code=None)
        for image in api("GET", "/images/json?all=1").json():
            if not image["RepoTags"] and not image["RepoDigests"]:
                api("DELETE", f"/images/{image['Id']}?force=1")
        assert api("POST", "/build/prune?all=1").status == 200
        assert not [record for record in api("GET", "/system/df?type=build-cache").json()["BuildCache"] if record["Size"]]

    run()
    return run


def images(api):
    return sorted((image["Id"], tuple(image["RepoTags"] or []), tuple(image["RepoDigests"] or [])) for image in api("GET", "/images/json?all=1").json())


def cached(said):
    """The steps that were in the cache."""
    return {name for name, fate in steps(said).items() if fate == "CACHED" and not name.startswith(("[", "FROM"))}


def blobs(engine):
    return {path.name: path.stat().st_size for path in (engine.root / "content" / "blobs" / "sha256").iterdir()}


# Registries.


def test_a_cache_in_a_registry_brings_every_step(engine, build, forget, registry, api):
    build(TWO_STAGES, "--cache-to", f"type=registry,ref={PLACE}/app:cache,mode=max", "-t", "first")
    before = images(api)
    forget("first")
    said = build(TWO_STAGES, "--cache-from", f"{PLACE}/app:cache", "-t", "second")
    assert cached(said) >= {"RUN echo tool > /tool", "RUN echo base > /base", "COPY --from=tool /tool /tool"}, said
    after = images(api)
    assert [image[0] for image in before] == [image[0] for image in after], "the same image as that of the first build"
    assert not [image for image in after if PLACE in str(image)], "a cache is no image"
    assert registry.tags("app") == ["cache"]


def test_a_minimal_cache_has_the_steps_of_the_result(build, forget, registry):
    build(TWO_STAGES, "--cache-to", f"type=registry,ref={PLACE}/app:min")
    forget()
    said = build(TWO_STAGES, "--cache-from", f"{PLACE}/app:min")
    assert cached(said) >= {"RUN echo tool > /tool", "RUN echo base > /base", "COPY --from=tool /tool /tool"}, said
    forget()
    said = build(TWO_STAGES, "--cache-from", f"{PLACE}/app:min", "--target", "tool")
    assert "RUN echo tool > /tool" not in cached(said), said


def test_only_the_layers_of_steps_that_hit_are_fetched(engine, build, forget, registry):
    text = FROM + "RUN dd if=/dev/urandom of=/small bs=1M count=2\nRUN dd if=/dev/urandom of=/large bs=1M count=9\n"
    build(text, "--cache-to", f"type=registry,ref={PLACE}/app:lazy,mode=max")
    forget()
    before = blobs(engine)
    said = build(text.replace("/large bs=1M count=9", "/other bs=1M count=1"), "--cache-from", f"{PLACE}/app:lazy")
    assert "RUN dd if=/dev/urandom of=/small bs=1M count=2" in cached(said), said
    came = {name: size for name, size in blobs(engine).items() if name not in before}
    assert max(came.values()) < 4 << 20, f"the large layer is not here: {came}"


def test_what_came_is_build_cache_and_can_be_pruned(engine, build, forget, registry, api):
    text = FROM + "RUN dd if=/dev/urandom of=/some bs=1M count=3\n"
    build(text, "-o", "type=none", "--cache-to", f"type=registry,ref={PLACE}/app:df")
    forget()
    before = (images(api), sum(blobs(engine).values()))
    build(text, "-o", "type=none", "--cache-from", f"{PLACE}/app:df")
    records = [record for record in api("GET", "/system/df").json()["BuildCache"] if record["Size"] and record["Type"] == "regular"]
    assert [record["Description"] for record in records] == ["RUN dd if=/dev/urandom of=/some bs=1M count=3"]
    assert not records[0]["Shared"] and records[0]["Size"] >= 6 << 20
    assert images(api) == before[0]
    freed = api("POST", "/build/prune").json()
    # With the client's context, which has nothing but the Dockerfile.
    assert records[0]["Size"] <= freed["SpaceReclaimed"] < records[0]["Size"] + 4096
    assert (images(api), sum(blobs(engine).values())) == before


def test_an_image_carries_the_cache_of_its_own_steps(build, forget, registry, api):
    build(TWO_STAGES, "--cache-to", "type=inline", "-t", f"{PLACE}/carrier:1", "--push")
    forget(f"{PLACE}/carrier:1")
    said = build(TWO_STAGES, "--cache-from", f"type=registry,ref={PLACE}/carrier:1", "-t", "carried")
    assert "RUN echo base > /base" in cached(said), said
    assert not [image for image in images(api) if "carrier" in str(image)], "the image is not pulled"


def test_the_argument_of_older_clients_makes_an_image_carry_its_cache(build, forget, registry):
    build(FROM + "RUN echo older\n", "--build-arg", "BUILDKIT_INLINE_CACHE=1", "-t", f"{PLACE}/older:1", "--push")
    forget(f"{PLACE}/older:1")
    assert "RUN echo older" in cached(build(FROM + "RUN echo older\n", "--cache-from", f"{PLACE}/older:1"))


def test_the_first_builder_takes_an_image_that_was_pulled(build, forget, registry, docker, tmp_path):
    text = FROM + "RUN echo classic > /classic\n"
    build(text, "--cache-to", "type=inline", "-t", f"{PLACE}/classic:1", "--push")
    forget(f"{PLACE}/classic:1")
    docker("pull", f"{PLACE}/classic:1")
    (tmp_path / "Dockerfile").write_text(text)
    said = docker("build", "--cache-from", f"{PLACE}/classic:1", tmp_path, env={"DOCKER_BUILDKIT": "0"}).out
    assert "Using cache" in said
    docker("rmi", f"{PLACE}/classic:1")


def test_several_caches_are_asked_in_turn(build, forget, registry):
    first, second = FROM + "RUN echo first > /first\n", FROM + "RUN echo second > /second\n"
    build(first, "--cache-to", f"type=registry,ref={PLACE}/one:1")
    build(second, "--cache-to", f"type=registry,ref={PLACE}/two:1")
    forget()
    flags = ["--cache-from", f"{PLACE}/none:1", "--cache-from", f"{PLACE}/one:1", "--cache-from", f"type=registry,ref={PLACE}/two:1"]
    said = build(f"{first.replace(BUSYBOX, BUSYBOX + ' AS a')}FROM {BUSYBOX}\nRUN echo second > /second\nCOPY --from=a /first /\n", *flags)
    assert cached(said) >= {"RUN echo first > /first", "RUN echo second > /second"}, said
    assert re.search(r"ERROR: .*none", said), "the one that is not there is named"


def test_older_forms_of_a_cache_are_written_and_read(build, forget, registry):
    for number, options in enumerate(("oci-mediatypes=false", "image-manifest=false", "compression=zstd", "compression=uncompressed")):
        if registry.kind == "hull-registry" and "false" in options:
            continue  # it takes an index only of manifests
        text = FROM + f"RUN echo form {number} > /form\n"
        build(text, "--cache-to", f"type=registry,ref={PLACE}/form:{number},{options}")
        forget()
        assert f"RUN echo form {number} > /form" in cached(build(text, "--cache-from", f"{PLACE}/form:{number}")), options
    said = build(FROM, "--cache-to", f"type=registry,ref={PLACE}/form:5,oci-mediatypes=false,image-manifest=true", code=1)
    assert "image-manifest" in said


def test_a_cache_that_cannot_be_exported_fails_the_build_unless_that_does_not_matter(build, registry):
    target = "type=registry,ref=127.0.0.1:9/none:1"
    assert "127.0.0.1:9" in build(FROM + "RUN true\n", "--cache-to", target, code=1)
    assert "could not be exported" in build(FROM + "RUN true\n", "--cache-to", target + ",ignore-error=true")


def test_exporting_a_cache_leaves_images_of_that_name_alone(build, registry, docker):
    docker("tag", BUSYBOX, f"{PLACE}/same:1")
    before = docker("images", "-q", f"{PLACE}/same:1").out
    build(FROM + "RUN echo same\n", "--cache-to", f"type=registry,ref={PLACE}/same:1")
    assert docker("images", "-q", f"{PLACE}/same:1").out == before
    docker("rmi", f"{PLACE}/same:1")


def test_an_insecure_registry_has_to_be_named_as_one(engine, build, forget, registry_on):
    registry_on(engine.host, address="198.18.0.1", port=5001)
    place = "198.18.0.1:5001/app:1"
    assert "198.18.0.1" in build(FROM + "RUN echo insecure\n", "--cache-to", f"type=registry,ref={place}", code=1)
    build(FROM + "RUN echo insecure\n", "--cache-to", f"type=registry,ref={place},registry.insecure=true")
    forget()
    assert "RUN echo insecure" in cached(build(FROM + "RUN echo insecure\n", "--cache-from", f"type=registry,ref={place},registry.insecure=true"))


@pytest.mark.parametrize("kind", ["gha", "s3", "azblob", "nonsense"])
def test_other_kinds_of_caches_are_refused(build, kind):
    for flag in ("--cache-to", "--cache-from"):
        said = build(FROM, flag, f"type={kind},bucket=b", code=1)
        assert f'"{kind}"' in said and "use registry, local or inline" in said


# Directories.


def test_a_cache_in_a_directory_brings_every_step(build, forget, tmp_path, api):
    place = tmp_path / "cache"
    build(TWO_STAGES, "--cache-to", f"type=local,dest={place},mode=max")
    forget()
    before = images(api)
    said = build(TWO_STAGES, "-o", "type=none", "--cache-from", f"type=local,src={place}")
    assert cached(said) >= {"RUN echo tool > /tool", "RUN echo base > /base", "COPY --from=tool /tool /tool"}, said
    assert images(api) == before


def test_a_directory_is_an_oci_layout_with_tags(build, forget, tmp_path):
    place = tmp_path / "cache"
    for tag in ("one", "two", "one"):
        build(FROM + f"RUN echo {tag} > /tag\n", "--cache-to", f"type=local,dest={place},tag={tag},mode=max")
    assert json.loads((place / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    entries = json.loads((place / "index.json").read_text())["manifests"]
    assert sorted(entry["annotations"]["org.opencontainers.image.ref.name"] for entry in entries) == ["one", "two"]
    for file in (place / "blobs" / "sha256").iterdir():
        assert hashlib.sha256(file.read_bytes()).hexdigest() == file.name
    for entry in entries:
        manifest = json.loads((place / "blobs" / "sha256" / entry["digest"][7:]).read_text())
        for part in [manifest["config"], *manifest["layers"]]:
            assert (place / "blobs" / "sha256" / part["digest"][7:]).stat().st_size == part["size"]
    forget()
    assert "RUN echo two > /tag" in cached(build(FROM + "RUN echo two > /tag\n", "--cache-from", f"type=local,src={place},tag=two"))
    assert "RUN echo one > /tag" not in cached(build(FROM + "RUN echo one > /tag\n", "--cache-from", f"type=local,src={place},tag=two"))
    assert "no cache" in build(FROM + "RUN echo none\n", "--cache-from", f"type=local,src={place},tag=none")
    assert "no cache" in build(FROM + "RUN echo none\n", "--cache-from", f"type=local,src={tmp_path}/nowhere")


def test_a_directory_can_be_rid_of_what_is_not_needed_any_more(build, tmp_path):
    place = tmp_path / "cache"
    build(FROM + "RUN echo old > /old\n", "--cache-to", f"type=local,dest={place}")
    old = {file.name for file in (place / "blobs" / "sha256").iterdir()}
    build(FROM + "RUN echo new > /new\n", "--cache-to", f"type=local,dest={place},reset=true")
    assert not old & {file.name for file in (place / "blobs" / "sha256").iterdir()}


# Cache mounts.


def test_cache_mounts_travel_with_the_cache(build, forget, tmp_path, registry):
    mount = "RUN --mount=type=cache,target=/keep"
    for target, source in ((f"type=local,dest={tmp_path}/cache", f"type=local,src={tmp_path}/cache"), (f"type=registry,ref={PLACE}/m:1", f"{PLACE}/m:1")):
        forget()
        build(FROM + f"{mount} mkdir /keep/sub && echo kept > /keep/sub/file && ln -s sub/file /keep/link && chmod 600 /keep/sub/file\n", "--cache-to", target + ",mode=max")
        forget()
        said = build(FROM + f"{mount} cat /keep/link && stat -c %a /keep/sub/file\n", "--cache-from", source)
        assert re.search(r" kept$", said, re.M) and re.search(r" 600$", said, re.M), said
        # What is here stays.
        build(FROM + f"{mount} echo mine > /keep/sub/file\n", "--cache-from", source)
        assert re.search(r" mine$", build(FROM + f"{mount} cat /keep/link\n", "--cache-from", source), re.M)


def test_cache_mounts_stay_at_home_when_they_are_told_to(build, forget, tmp_path):
    text = FROM + "RUN --mount=type=cache,target=/keep echo kept > /keep/file\n"
    for number, flags in enumerate(("", ",mode=max,mounts=false")):
        build(text, "--no-cache", "--cache-to", f"type=local,dest={tmp_path}/{number}{flags}")
        forget()
        said = build(FROM + "RUN --mount=type=cache,target=/keep ls /keep\n", "--cache-from", f"type=local,src={tmp_path}/{number}")
        assert not re.search(r" file$", said, re.M), said


# Caches that are not what they say.


@pytest.fixture
def broken(build, forget, tmp_path, name):
    """broken(change) makes a cache, lets `change` spoil it, builds with it and then without: the steps run, and give what they should."""
    text = FROM + f"RUN echo {name} > /one\nRUN cat /one > /two\n"

    def run(change):
        place = tmp_path / "cache"
        build(text, "--cache-to", f"type=local,dest={place},mode=max")
        forget("spoiled")
        change(Spoiled(place))
        said = build(text, "--cache-from", f"type=local,src={place}", "-t", "spoiled")
        return said

    yield run
    forget("spoiled")


class Spoiled:
    """A cache in a directory, to be changed."""

    def __init__(self, place):
        self.place = place
        self.index = json.loads((place / "index.json").read_text())
        self.manifest = json.loads(self.path(self.index["manifests"][0]["digest"]).read_text())
        self.document = json.loads(self.path(self.manifest["config"]["digest"]).read_text())

    def path(self, digest):
        return self.place / "blobs" / "sha256" / digest[7:]

    def layer(self, number=0):
        return self.path(self.manifest["layers"][number]["digest"])

    def put(self, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.path(digest).write_bytes(data)
        return {"digest": digest, "size": len(data)}

    def write(self, document=None):
        """Writes the documents anew, with the digests that they have then."""
        self.manifest["config"] |= self.put(document if document is not None else json.dumps(self.document).encode())
        self.index["manifests"][0] |= self.put(json.dumps(self.manifest).encode())
        (self.place / "index.json").write_text(json.dumps(self.index))


def test_a_layer_that_is_missing_breaks_nothing(broken, docker, name):
    said = broken(lambda cache: cache.layer().unlink())
    assert "is not used any more" in said and not cached(said)
    assert docker("run", "--rm", "spoiled", "cat", "/two").out == name


def test_a_layer_with_other_bytes_breaks_nothing(broken, docker, name):
    said = broken(lambda cache: cache.layer().write_bytes(b"x" * cache.layer().stat().st_size))
    assert "is not used any more" in said and not cached(said)
    assert docker("run", "--rm", "spoiled", "cat", "/two").out == name


def test_a_layer_that_is_cut_or_too_long_breaks_nothing(broken, docker, name):
    for change in (lambda data: data[:-1], lambda data: data + b"more"):
        said = broken(lambda cache: cache.layer().write_bytes(change(cache.layer().read_bytes())))
        assert "is not used any more" in said
        assert docker("run", "--rm", "spoiled", "cat", "/two").out == name


def test_another_layer_than_the_step_says_breaks_nothing(broken, docker, name):
    def swap(cache):
        first, second = [step for step in cache.document["steps"] if "diffID" in step]
        first["blob"], second["blob"] = second["blob"], first["blob"]
        cache.write()

    said = broken(swap)
    assert "wrong diff ID" in said and not cached(said)
    assert docker("run", "--rm", "spoiled", "cat", "/two").out == name


def test_steps_that_a_cache_only_claims_to_have_are_left_out(broken, docker, name):
    def drop(cache):
        cache.manifest["layers"] = []
        cache.write()

    said = broken(drop)
    assert "lacks the layers of 2 of its steps" in said and not cached(said)
    assert docker("run", "--rm", "spoiled", "cat", "/two").out == name


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"version":2,"steps":[],"mounts":[]}', b'{"version":1,"steps":[{"key":"../../x"}],"mounts":[]}', b"\0" * 100, b"[" * 100000]
)
def test_a_description_that_cannot_be_read_breaks_nothing(broken, docker, name, data):
    said = broken(lambda cache: cache.write(data))
    assert "ERROR" in said and not cached(said)
    assert docker("run", "--rm", "spoiled", "cat", "/two").out == name


@pytest.mark.parametrize("index", ["", "{", "null", '{"manifests":[{"digest":"sha256:0"}]}', '{"manifests":7}'])
def test_an_index_that_cannot_be_read_breaks_nothing(broken, docker, name, index):
    assert not cached(broken(lambda cache: (cache.place / "index.json").write_text(index)))
    assert docker("run", "--rm", "spoiled", "cat", "/two").out == name


def test_a_cache_mount_that_is_no_archive_begins_empty(build, forget, tmp_path):
    place = tmp_path / "cache"
    text = FROM + "RUN --mount=type=cache,target=/keep echo kept > /keep/file\n"
    build(text, "--no-cache", "--cache-to", f"type=local,dest={place},mode=max,compression=uncompressed")
    forget()
    cache = Spoiled(place)
    spoiled = cache.put(b"not an archive at all" * 100)
    cache.manifest["layers"].append({"mediaType": "application/vnd.oci.image.layer.v1.tar"} | spoiled)
    cache.document["mounts"][0]["blob"] = spoiled["digest"]
    cache.write()
    said = build(FROM + "RUN --mount=type=cache,target=/keep echo began && ls /keep\n", "--cache-from", f"type=local,src={place}")
    assert "begins without" in said and not re.search(r" file$", said, re.M), said


def test_an_image_without_a_cache_is_none(build, registry, docker):
    docker("tag", BUSYBOX, f"{PLACE}/plain:1")
    docker("push", f"{PLACE}/plain:1")
    docker("rmi", f"{PLACE}/plain:1")
    said = build(FROM + "RUN echo plain\n", "--cache-from", f"{PLACE}/plain:1")
    assert "has no build cache in it" in said


def test_a_registry_that_lost_the_layers_breaks_nothing(engine, build, forget, registry_on, docker):
    registry = registry_on(engine.host)
    text = FROM + "RUN echo lost > /lost\n"
    build(text, "--cache-to", f"type=registry,ref={PLACE}/lost:1")
    manifest, _ = registry.manifest("lost", "1")
    forget()
    for layer in manifest["layers"]:
        assert registry.request("DELETE", f"/v2/lost/blobs/{layer['digest']}")[0] == 202
    said = build(text, "--cache-from", f"{PLACE}/lost:1", "-t", "lost")
    assert "is not used any more" in said
    assert docker("run", "--rm", "lost", "cat", "/lost").out == "lost"
    docker("rmi", "lost")
