# SPDX-License-Identifier: Apache-2.0
"""The build cache on the disk: what it takes, what is removed of it and when, and what it holds."""
import json
import re
import time
from urllib.parse import quote

import pytest
from support.images import BUSYBOX
from support.waiting import until

pytestmark = pytest.mark.hull("the engine's own build cache")
FROM = f"FROM {BUSYBOX}\n"
MiB = 1 << 20


class Cache:
    """An engine of its own whose build cache is looked at."""

    def __init__(self, engine, folder):
        self.engine, self.folder = engine, folder
        self.folder.mkdir()

    def build(self, text, *flags, **options):
        (self.folder / "Dockerfile").write_text(FROM + text)
        return self.engine.hull("build", "--progress=plain", *flags, self.folder, timeout=120, **options).err

    def fill(self, name, size=4):
        """A step with so many MiB, of which there is a layer and a blob."""
        self.build(f"RUN dd if=/dev/urandom of=/{name} bs=1M count={size}\n", "-o", "type=none")

    def records(self):
        return self.engine.api("GET", "/system/df").json()["BuildCache"]

    def kept(self):
        """What the steps with files are called."""
        return {record["Description"].partition("of=/")[2].split()[0] for record in self.records() if "of=/" in record["Description"]}

    def size(self):
        """Without the contexts of clients, which have nothing but the Dockerfile."""
        return sum(record["Size"] for record in self.records() if not record["Shared"] and record["Type"] != "source.local")

    def prune(self, status=200, filters=None, **query):
        pairs = [f"{key.replace('_', '-')}={value}" for key, value in query.items()]
        if filters is not None:
            pairs.append("filters=" + quote(json.dumps(filters)))
        answer = self.engine.api("POST", "/build/prune?" + "&".join(pairs))
        assert answer.status == status, answer.body
        return answer.json()


@pytest.fixture
def cache(fresh_engine, tmp_path):
    """cache(*options) is a daemon with these options."""
    return lambda *options: Cache(fresh_engine(*options), tmp_path / f"context-{len(options)}")


def files(folder):
    """Bytes of regular files below, each once."""
    seen = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        if path.is_file() and not path.is_symlink():
            seen[(status.st_dev, status.st_ino)] = status.st_size
    return sum(seen.values())


# What it takes.


def test_what_is_counted_is_what_is_on_the_disk(cache):
    cache = cache()
    cache.fill("alone")
    cache.build("RUN dd if=/dev/urandom of=/shared bs=1M count=3\n", "-t", "shared")
    cache.build("RUN --mount=type=cache,target=/keep dd if=/dev/zero of=/keep/file bs=1M count=5\n", "-o", "type=none")
    usage = cache.engine.api("GET", "/system/df").json()
    root = cache.engine.root
    blobs = files(root / "content" / "blobs")
    layers = sum(int((layer / "layer").read_text().split()[1]) for layer in (root / "layers").iterdir() if (layer / "layer").exists())
    mounts = sum(record["Size"] for record in usage["BuildCache"] if record["Type"] == "exec.cachemount")
    contexts = sum(record["Size"] for record in usage["BuildCache"] if record["Type"] == "source.local")
    own = sum(record["Size"] for record in usage["BuildCache"] if not record["Shared"])
    assert usage["BuilderSize"] == own
    assert usage["LayersSize"] + usage["ContentSize"] + own - mounts - contexts == layers + blobs
    assert 5 * MiB <= mounts < 5 * MiB + 65536
    shared = [record for record in usage["BuildCache"] if "of=/shared" in record["Description"]]
    assert shared[0]["Shared"] and shared[0]["Size"] >= 6 * MiB
    # Without the image it is the cache's alone.
    before = usage["BuilderSize"]
    cache.engine.docker("rmi", "shared")
    after = cache.engine.api("GET", "/system/df").json()
    assert after["BuilderSize"] - before == shared[0]["Size"] and not any(record["Shared"] for record in after["BuildCache"])
    size = after["BuilderSize"]
    assert cache.prune(all=1)["SpaceReclaimed"] == size and cache.size() == 0


def test_steps_with_the_same_result_count_once(cache):
    cache = cache()
    cache.build("RUN mkdir /d && head -c 1000000 /dev/zero > /d/f && touch -d @0 /d/f /d\n", "-o", "type=none")
    before = cache.size()
    cache.build("RUN mkdir /d; head -c 1000000 /dev/zero > /d/f; touch -d @0 /d/f /d\n", "-o", "type=none")
    assert len([record for record in cache.records() if "mkdir" in record["Description"]]) == 2
    assert cache.size() == before


def test_dockers_table_adds_up(cache):
    cache = cache()
    cache.fill("alone")
    lines = {line["Type"]: line for line in map(json.loads, cache.engine.docker("system", "df", "--format", "json").lines)}
    assert lines["Build Cache"]["TotalCount"] == "2" and lines["Build Cache"]["Size"].startswith("8.39")
    assert re.search(r"regular +8\.39MB", cache.engine.docker("system", "df", "-v").out)
    assert "of=/alone" in cache.engine.hull("builder", "df").out


def test_contexts_and_what_failed_commands_leave_are_the_caches(cache):
    cache = cache()
    (cache.folder / "large").write_bytes(bytes(MiB))
    cache.build("COPY large /\nRUN dd if=/dev/urandom of=/left bs=1M count=2 && exit 3\n", code=1)
    context = [record for record in cache.records() if record["Type"] == "source.local" and record["Size"] >= MiB]
    assert context[0]["Description"] == "local source for context" and not context[0]["InUse"]
    (failed,) = [record for record in cache.records() if record["Type"] == "exec.failed"]
    assert failed["Description"].startswith("failed: /bin/sh -c dd") and 4 * MiB <= failed["Size"] < 5 * MiB
    usage, root = cache.engine.api("GET", "/system/df").json(), cache.engine.root
    assert not [image for image in usage["Images"] if any(tag.startswith("failed-build:") for tag in image["RepoTags"] or [])]
    assert cache.engine.docker("images", "-q", "failed-build").out
    blobs = files(root / "content" / "blobs")
    layers = sum(int((layer / "layer").read_text().split()[1]) for layer in (root / "layers").iterdir() if (layer / "layer").exists())
    own = sum(record["Size"] for record in usage["BuildCache"] if not record["Shared"] and record["Type"] != "source.local")
    assert usage["LayersSize"] + usage["ContentSize"] + own == layers + blobs
    # A container is made from it.
    tag = cache.engine.docker("images", "--format", "{{.Tag}}", "failed-build").out
    cache.engine.docker("create", "--name", "looks", f"failed-build:{tag}")
    assert not cache.prune(filters={"type": ["exec.failed"]})["CachesDeleted"]
    cache.engine.docker("rm", "looks")
    assert cache.prune(filters={"type": ["exec.failed"]}) == {"CachesDeleted": [failed["ID"]], "SpaceReclaimed": failed["Size"]}
    assert not cache.engine.docker("images", "-q", "failed-build").out
    cache.prune(all=1)
    assert not cache.records()


# What is removed on demand.


def test_what_images_share_stays_unless_all_is_said(cache):
    cache = cache()
    cache.build("RUN dd if=/dev/urandom of=/tagged bs=1M count=1\n", "-t", "tagged")
    cache.fill("alone", 1)
    assert cache.prune()["SpaceReclaimed"] >= 2 * MiB and cache.kept() == {"tagged"}
    assert cache.prune(all=1)["SpaceReclaimed"] < 65536 and cache.kept() == set()
    assert cache.engine.docker("run", "--rm", "tagged", "ls", "/tagged").out == "/tagged"


def test_the_least_recently_used_goes_first(cache):
    cache = cache()
    for name in ("a", "b", "c"):
        cache.fill(name)
    cache.fill("a")
    until(lambda: any(record["UsageCount"] for record in cache.records() if record["Type"] == "regular"), "the use is written down")
    cache.prune(**{"max-used-space": 20 * MiB})
    assert cache.kept() == {"a", "c"}
    cache.prune(**{"keep-storage": 10 * MiB})
    assert cache.kept() == {"a"}
    cache.prune(**{"reserved-space": 10 * MiB, "max-used-space": MiB})
    assert cache.kept() == {"a"}, "what is reserved stays"
    cache.prune(**{"min-free-space": 1 << 60})
    assert cache.kept() == set()


def test_a_step_goes_before_the_one_that_it_stands_on(cache):
    cache = cache()
    cache.build("RUN dd if=/dev/urandom of=/low bs=1M count=2\nRUN dd if=/dev/urandom of=/high bs=1M count=2\n", "-o", "type=none")
    high = next(record for record in cache.records() if "of=/high" in record["Description"])
    low = next(record for record in cache.records() if "of=/low" in record["Description"])
    assert high["Parents"] == [low["ID"]]
    cache.prune(**{"max-used-space": 5 * MiB})
    assert cache.kept() == {"low"}


def test_filters_choose(cache):
    cache = cache()
    cache.fill("one", 1)
    cache.fill("two", 1)
    cache.build("RUN dd if=/dev/urandom of=/tagged bs=1M count=1\n", "-t", "tagged")
    cache.build("RUN --mount=type=cache,target=/keep true\n", "-o", "type=none")

    def gone(filters, **query):
        return len(cache.prune(filters=filters, **query)["CachesDeleted"] or [])

    def identity(name):
        return next(record["ID"] for record in cache.records() if f"of=/{name} " in record["Description"])

    assert gone({"id": [identity("one")[:12]]}) == 1 and cache.kept() == {"two", "tagged"}
    assert gone({"description": ["RUN nothing"]}) == 0
    assert gone({"until": ["1h"]}) == 0 and gone({"unused-for": ["1h"]}) == 0
    assert gone({"inuse": ["true"]}) == 0
    assert gone({"shared": ["true"]}) == 0 and gone({"shared": ["true"]}, all=1) == 1 and cache.kept() == {"two"}
    assert gone({"type": ["exec.cachemount"], "mutable": ["true"]}) == 1
    assert gone({"private": ["true"], "type": ["regular"], "immutable": ["1"], "inuse": ["0"], "until": ["0s"]}) >= 1 and cache.kept() == set()
    for filters in ({"nonsense": ["1"]}, {"type": ["a", "b"]}, {"inuse": ["perhaps"]}, {"until": ["soon"]}, {"id": ["["]}):
        cache.prune(400, filters=filters)
    assert "Total" in cache.engine.docker("builder", "prune", "-f", "--filter", "type=regular", "--filter", "until=24h").out


# What is removed by itself.


def test_the_cache_keeps_its_limit_by_itself(cache):
    cache = cache("--build-cache-max-used-space", "20m", "--build-cache-reserved-space", "0", "--build-cache-min-free-space", "0")
    for name in ("a", "b", "c", "d"):
        cache.fill(name)
    until(lambda: cache.size() <= 20 * MiB, "the cache is within its limit")
    assert cache.kept() == {"c", "d"}
    until(lambda: "build cache:" in cache.engine.log_tail(20000), "the log tells")


def test_what_is_reserved_stays_whatever_the_disk_lacks(cache):
    cache = cache("--build-cache-reserved-space", "10m", "--build-cache-min-free-space", "100%")
    for name in ("a", "b", "c"):
        cache.fill(name)
    until(lambda: cache.kept() == {"c"}, "the last one is kept")


def test_what_is_not_used_goes_in_time(cache):
    cache = cache("--build-cache-keep-duration", "1s", "--build-cache-reserved-space", "0", "--build-cache-max-used-space", "0", "--build-cache-min-free-space", "0")
    cache.fill("old")
    time.sleep(1.1)
    cache.fill("new")
    until(lambda: cache.kept() == {"new"}, "the old one is gone")


@pytest.mark.parametrize("options", [["--build-cache-max-used-space", "much"], ["--build-cache-keep-duration", "always"], ["--build-cache-min-free-space", "120%"]])
def test_limits_that_mean_nothing_are_refused(fresh_engine, options):
    with pytest.raises(AssertionError, match=options[0]):
        fresh_engine(*options, busybox=False)


def test_the_disk_budget_takes_build_cache_before_images(cache):
    cache = cache("--disk-budget", "60m")
    cache.build("RUN dd if=/dev/urandom of=/image bs=1M count=6\n", "-t", "image")
    for name in ("a", "b", "c", "d", "e", "f"):
        cache.fill(name)
    until(lambda: cache.size() < 45 * MiB, "the oldest cache is gone")
    assert "f" in cache.kept() and "a" not in cache.kept()
    assert cache.engine.docker("images", "-q", "image").out, "the image stays"
    assert "bytes of build cache removed" in cache.engine.log_tail(20000)


def test_the_disk_budget_counts_cache_mounts(cache):
    cache = cache("--disk-budget", "40m")
    cache.build("RUN --mount=type=cache,target=/keep dd if=/dev/urandom of=/keep/file bs=1M count=30\n", "-o", "type=none")
    cache.fill("a", 8)
    until(lambda: not [record for record in cache.records() if record["Type"] == "exec.cachemount"], "the mount is gone")


# What it holds.


def test_why_kept_names_the_step_that_holds_a_layer(cache):
    cache = cache()
    cache.fill("held")
    record = next(record for record in cache.records() if "of=/held" in record["Description"])
    layer = max((cache.engine.root / "layers").iterdir(), key=lambda path: files(path))
    said = cache.engine.hull("why-kept", layer.name).out
    assert f"step RUN dd if=/dev/urandom of=/held bs=1M count=4 (build cache {record['ID'][:12]})" in said
    assert "container" not in said
    blob = max((cache.engine.root / "content" / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    assert f"(build cache {record['ID'][:12]})" in cache.engine.hull("why-kept", "sha256:" + blob.name).out
    cache.prune(filters={"id": [record["ID"]]})
    assert not layer.exists() and not blob.exists()
