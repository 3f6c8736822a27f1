# SPDX-License-Identifier: Apache-2.0
"""Counting what an engine holds, so that before and after can be compared."""
import os
import sqlite3
from pathlib import Path

from . import processes
from .waiting import until

NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "cgroup", "user")


def mounts(pid, directory):
    """Mount points below the engine's folder, and pinned namespaces, as process `pid` sees them."""
    found = []
    for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines():
        fields = line.split()
        if str(directory) in line or " - nsfs " in line:
            found.append(f"{fields[4]} ({line.split(' - ')[1].split()[0]})")
    return sorted(found)


def cgroups(parent):
    """Every cgroup below the engine's parent, in every hierarchy of the host."""
    found = []
    top = Path("/sys/fs/cgroup")
    for hierarchy in [top, *(path for path in top.iterdir() if path.is_dir())]:
        for folder, names, _ in os.walk(hierarchy / parent[1:]):
            found += [os.path.join(folder, name) for name in names]
    return sorted(found)


def namespaces(pids):
    """The namespaces that these processes live in or hold open."""
    found = set()
    for pid in pids:
        for kind in NAMESPACES:
            try:
                found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
            except OSError:
                pass
        try:
            descriptors = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
            except OSError:
                continue
            if target.split(":")[0] in NAMESPACES:
                found.add(target)
    return sorted(found)


def files(*folders):
    """Every file below the engine's folders; a journal that SQLite comes and goes with is no leak."""
    found = []
    for folder in folders:
        for path, directories, names in os.walk(folder):
            found += [os.path.join(path, name) for name in directories + names if not name.endswith(("-wal", "-shm", "-journal"))]
    return sorted(found)


def rows(database):
    """Rows by table of the engine's database."""
    if not database.exists():
        return []
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")]
        return sorted(f"{table}: {connection.execute(f'select count(*) from [{table}]').fetchone()[0]}" for table in tables)


def descriptors(pid):
    """What the daemon's open files are, without their numbers."""
    found = []
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{descriptor}").split(":[")[0])
        except OSError:
            pass
    return sorted(found)


def count(engine):
    """Everything that could be left behind, as lists of names by kind."""
    owned = engine.owned()
    counted = {
        "mounts on the host": mounts("self", engine.directory),
        "mounts of the daemon": mounts(engine.pid, engine.directory),
        "cgroups": cgroups(engine.cgroup_parent),
        "namespaces": namespaces(owned | {engine.pid}),
        "processes": sorted("the daemon" if pid == engine.pid else f"{pid} {processes.command_line(pid)}" for pid in owned),
        "files": [name for name in files(engine.root, engine.state) if not engine.keeps_for_a_while(name)],
        "database rows": rows(engine.root / "hull.db"),
        "open files of the daemon": descriptors(engine.pid),
        "links": engine.host.links(),
        "addresses": engine.host.addresses(),
        "routes": engine.host.routes(),
        "packet filter rules": engine.host.rules(),
        "listening sockets": engine.host.listening(),
    }
    return {kind: names for kind, names in counted.items() if kind not in engine.not_counted}


def baseline(engine):
    """What `count` gives once the kernel has taken away the links of workloads that have ended: it does so a little later."""

    def settled():
        running = engine.api("GET", "/containers/json").json()
        ends = [end for container in running for end in container["NetworkSettings"]["Networks"].values() if end["MacAddress"]]
        return len([name for name in engine.host.links() if name.startswith("veth")]) <= len(ends)

    until(settled, "no link of an ended workload is left", 20)
    return count(engine)


def difference(before, after):
    """Lines that say what is there more or less than before."""
    lines = []
    for kind, names in after.items():
        old = list(before[kind])
        for name in names:
            if name in old:
                old.remove(name)
            else:
                lines.append(f"new in {kind}: {name}")
        if kind != "open files of the daemon":  # fewer connections than before are no leak
            lines += [f"gone from {kind}: {name}" for name in old]
    return lines


def assert_nothing_left(engine, before, timeout=20):
    """Waits until the engine holds what it held `before`, or says what is different."""
    last = []

    def same():
        last[:] = difference(before, count(engine))
        return not last

    try:
        until(same, "the engine holds what it held before", timeout, every=0.1)
    except AssertionError as error:
        raise AssertionError(f"{error}:\n" + "\n".join(last[:40])) from None
