# SPDX-License-Identifier: Apache-2.0
"""What moving images costs: pull, push, save and load of two images, from and to a docker-registry on each engine's own loopback.

Every round of every operation begins without dirty pages; what is pulled, pushed or loaded is not there before. An engine loads what it saved itself,
and both load what the last one saved: the same file with uncompressed layers, as `docker save` of dockerd 20.10 writes it."""
import os
import shutil
import statistics
import time
from pathlib import Path

from registries import IMAGES, Registry, layouts

SOURCE, TARGET = 5000, 5001
ROUNDS = 5
BUDGETS = {"pull": 0.4, "push": 0.5, "save": 0.5, "load its own archive": 0.5, "load the same archive": 0.5}
PEAK = 80


class Site:
    """An engine with the registry that it pulls from and the one that it pushes to."""

    def __init__(self, engine, images):
        self.engine = engine
        self.source, self.target = Registry(engine, SOURCE), Registry(engine, TARGET)
        for name, layout in images.items():
            self.source.fill(layout, repository(name))

    def image(self, name):
        return f"{self.source.address}/{repository(name)}"

    def pushed(self, name):
        return f"{self.target.address}/{repository(name)}"

    def archive(self, name):
        return self.engine.folder / f"{repository(name)}.tar"

    def forget(self, name):
        """Removes the image from the engine, under both names."""
        for reference in (self.pushed(name), self.image(name)):
            if self.engine.api("GET", f"/images/{reference}/json")[0] == 200:
                self.engine.docker("rmi", "-f", reference)

    def close(self):
        self.source.close()
        self.target.close()


def repository(name):
    return f"bench-{name.split()[0]}"


class Operations:
    """The operations on one image in the order that a round does them in; each gives seconds."""

    def __init__(self, sites, name):
        self.sites, self.name = sites, name
        self.peaks = {site.engine.name: [] for site in sites}

    def pull(self, site):
        site.forget(self.name)
        daemons = site.engine.daemons()
        for _, pid in daemons:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        taken = self._timed(lambda: site.engine.docker("pull", site.image(self.name)))
        self.peaks[site.engine.name].append(sum(peak(pid) for _, pid in daemons))
        return taken

    def push(self, site):
        site.target.empty()
        site.engine.docker("tag", site.image(self.name), site.pushed(self.name))
        return self._timed(lambda: site.engine.docker("push", site.pushed(self.name)))

    def save(self, site):
        site.archive(self.name).unlink(missing_ok=True)
        return self._timed(lambda: site.engine.docker("save", "-o", site.archive(self.name), site.image(self.name)))

    def load_own(self, site):
        return self._load(site, site.archive(self.name))

    def load_same(self, site):
        return self._load(site, self.sites[-1].archive(self.name))

    def _load(self, site, archive):
        site.forget(self.name)
        return self._timed(lambda: site.engine.docker("load", "-i", archive))

    @staticmethod
    def _timed(action):
        os.sync()
        begin = time.perf_counter()
        action()
        return time.perf_counter() - begin

    def all(self):
        return dict(zip(BUDGETS, (self.pull, self.push, self.save, self.load_own, self.load_same)))


def peak(pid):
    """Mebibytes that the process had resident at most since it was last asked to forget it."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def compare(table, engines, rounds):
    """Adds the rows, or says why there are none."""
    for program in ("docker-registry", "skopeo"):
        if not shutil.which(program):
            print(f"{program} is not installed: the rows of images are skipped (apt-get install {program})")
            return
    sites = []
    try:
        images = layouts()
        for engine in engines:
            sites.append(Site(engine, images))
        for name in IMAGES:
            measure(table, sites, name, min(rounds, ROUNDS))
    finally:
        for site in sites:
            site.close()


def measure(table, sites, name, rounds):
    operations = Operations(sites, name)
    samples = {what: {site.engine.name: [] for site in sites} for what in BUDGETS}
    for _ in range(rounds):
        for what, action in operations.all().items():
            for site in sites:
                samples[what][site.engine.name].append(action(site))
    for site in sites:
        site.forget(name)
    for what, values in samples.items():
        table.add(f"{what}, {name}", "s", {engine: statistics.median(taken) for engine, taken in values.items()}, BUDGETS[what])
    table.add(f"daemon's peak during the pull, {name}", "MiB", {engine: max(values) for engine, values in operations.peaks.items()}, ceiling=PEAK)
