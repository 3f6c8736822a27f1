# SPDX-License-Identifier: Apache-2.0
"""What builds cost through the stock docker CLI without buildx (`DOCKER_BUILDKIT=0`), and through buildx where it is installed.

Every sample changes nothing but what its row says: without the cache, wholly in the cache, a large context of which nothing changed, and four stages
that do not need each other."""
import os
import shutil
import subprocess
from pathlib import Path

PLUGINS = ["~/.docker/cli-plugins", "/usr/local/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins"]
BUDGETS = {"five steps, two RUN, no cache": 0.25, "five steps, all cached": 0.3, "100,000 files, nothing changed": 0.5}
STAGES_CEILING = 2.6

FIVE_STEPS = """FROM busybox
COPY file /file
RUN echo one > /one
RUN echo two > /two
CMD ["sh"]
"""

MANY_FILES = """FROM busybox
COPY . /context
"""

FOUR_STAGES = """FROM busybox AS one
RUN sleep 2; echo 1 > /result
FROM busybox AS two
RUN sleep 2; echo 2 > /result
FROM busybox AS three
RUN sleep 2; echo 3 > /result
FROM busybox AS four
RUN sleep 2; echo 4 > /result
FROM busybox
COPY --from=one /result /1
COPY --from=two /result /2
COPY --from=three /result /3
COPY --from=four /result /4
"""


def classic(engine, context, *options):
    return command(engine, {"DOCKER_BUILDKIT": "0"}, "docker", "build", "-q", *options, context)


def buildx(engine, context, *options):
    return command(engine, {}, "docker", "buildx", "build", "-q", *options, context)


def command(engine, environment, *words):
    environment = {**engine.environment, **environment}
    words = [str(word) for word in words]
    return lambda: subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def has_buildx(engines):
    """Gives every engine's client buildx, if this machine has it: $HULL_BUILDX, on the PATH, or where the docker CLI looks."""
    places = [Path(folder).expanduser() / "docker-buildx" for folder in PLUGINS]
    found = os.environ.get("HULL_BUILDX") or shutil.which("docker-buildx") or next((place for place in places if place.exists()), None)
    if not found:
        print("docker-buildx is not installed: the rows of builds through it are skipped")
        return False
    for engine in engines:
        plugins = Path(engine.environment["DOCKER_CONFIG"]) / "cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        (plugins / "docker-buildx").symlink_to(found)
    return True


def context(folder, name, dockerfile, files=()):
    place = folder / name
    place.mkdir(parents=True)
    (place / "Dockerfile").write_text(dockerfile)
    for path, text in files:
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    return place


def compare(table, engines, rounds, interleave):
    folder = Path(engines[0].folder) / "builds"
    five = context(folder, "five", FIVE_STEPS, [("file", "content\n")])
    many = context(folder, "many", MANY_FILES, ((f"{number // 1000}/{number}", f"file {number}\n") for number in range(100_000)))
    stages = context(folder, "stages", FOUR_STAGES)
    try:
        rows(table, engines, rounds, interleave, classic, (five, many, stages), "")
        if has_buildx(engines):
            rows(table, engines, rounds, interleave, buildx, (five, many, stages), ", buildx")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rows(table, engines, rounds, interleave, build, contexts, suffix):
    def row(what, rounds, place, *options):
        os.sync()
        values = interleave(rounds, {engine.name: build(engine, place, *options) for engine in engines})
        table.add(what + suffix, "ms", values, BUDGETS[what])

    five, many, stages = contexts
    row("five steps, two RUN, no cache", rounds, five, "--no-cache")
    row("five steps, all cached", rounds, five)
    # One round, after one that fills the caches: the first builder takes minutes.
    row("100,000 files, nothing changed", 1, many)
    taken = interleave(1, {engine.name: build(engine, stages, "--no-cache") for engine in engines})
    table.add(f"four stages of 2 s each{suffix}", "s", {name: value / 1000 for name, value in taken.items()}, ceiling=STAGES_CEILING)
