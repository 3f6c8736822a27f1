# SPDX-License-Identifier: Apache-2.0
"""What builds cost through the stock docker CLI without buildx (`DOCKER_BUILDKIT=0`), which both engines know.

Every sample changes nothing but what its row says: without the cache, wholly in the cache, a large context of which nothing changed, and four stages
that do not need each other."""
import os
import shutil
import subprocess
from pathlib import Path

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


def build(engine, context, *options):
    environment = {**engine.environment, "DOCKER_BUILDKIT": "0"}
    command = ["docker", "build", "-q", *options, str(context)]
    return lambda: subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


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
        row(table, engines, rounds, interleave, "five steps, two RUN, no cache", five, "--no-cache")
        row(table, engines, rounds, interleave, "five steps, all cached", five)
        row(table, engines, 1, interleave, "100,000 files, nothing changed", many)
        taken = interleave(1, {engine.name: build(engine, stages, "--no-cache") for engine in engines})
        table.add("four stages of 2 s each", "s", {name: value / 1000 for name, value in taken.items()}, ceiling=STAGES_CEILING)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def row(table, engines, rounds, interleave, what, place, *options):
    os.sync()
    values = interleave(rounds, {engine.name: build(engine, place, *options) for engine in engines})
    table.add(what, "ms", values, BUDGETS[what])
