#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Hull's promises beside Debian's docker.io and runc: interleaved in one run, medians, ratios, budgets.

Usage: bench.py [--rounds N] [--quick] [--only PART]... [--json FILE]. Ends with 1 when a budget is missed."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import builds
import images
import networks
import registry
from engines import BINARIES, Dockerd, Hull, UnixConnection, resident
from rootfs import busybox_tar, make_bundle

BUDGETS = {"docker run --rm --network none busybox true": 0.25, "docker exec": 0.6, "runtime run of a bundle": 0.4}


def timed(action):
    """Milliseconds that the action takes."""
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1000


def interleave(rounds, contestants):
    """Medians by name; each round runs every contestant once, so that all see the same machine."""
    samples = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, action in contestants.items():
            taken = timed(action)
            if number:  # the first round warms up
                samples[name].append(taken)
    return {name: statistics.median(values) for name, values in samples.items()}


class Table:
    """Rows of (what, unit, values by engine), printed as they come."""

    def __init__(self, columns):
        self.columns, self.rows, self.missed = columns, [], []
        print(f"{'':52}" + "".join(f"{name:>11}" for name in columns) + f"{'ratio':>9}{'budget':>9}")

    def add(self, what, unit, values, most=None, least=None, ceiling=None):
        """`most`, `least`: the budget of the ratio; `ceiling`: of our own value."""
        ours, theirs = values.get(self.columns[0]), [values[name] for name in self.columns[1:] if name in values]
        ratio = ours / theirs[0] if ours and theirs else None
        cells = "".join(f"{values[name]:>11.1f}" if name in values else f"{'–':>11}" for name in self.columns)
        row = f"{what + ', ' + unit:52}{cells}" + (f"{ratio:>8.2f}×" if ratio else f"{'':9}")
        measured, sign = (ours, " ") if ceiling else (ratio, "×")
        budget = most or least or ceiling
        if budget and measured:
            kept = measured >= least if least else measured <= budget
            row += f"{budget:>8.{0 if ceiling else 2}f}{sign}  {'at least' if least else 'at most'}, {'kept' if kept else 'MISSED'}"
            if not kept:
                self.missed.append(what)
        print(row, flush=True)
        self.rows.append({"what": what, "unit": unit, "values": values, "ratio": ratio, "budget": budget})


def client(engine, *arguments, program="docker"):
    command = [program, *arguments]
    return lambda: subprocess.run(command, env=engine.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def compare_clients(table, engines, rounds):
    def row(what, arguments_of):
        table.add(what, "ms", interleave(rounds, {engine.name: client(engine, *arguments_of(engine)) for engine in engines}), BUDGETS.get(what))

    run = ("run", "--rm", "--network", "none", "busybox", "true")
    row("docker run --rm --network none busybox true", lambda _: run)
    running = {engine.name: engine.docker("run", "-d", "--network", "none", "busybox", "sleep", "100000") for engine in engines}
    row("docker exec", lambda engine: ("exec", running[engine.name], "true"))
    for engine in engines:
        engine.docker("rm", "-f", running[engine.name])
    row("docker version", lambda _: ("version",))
    table.add("create + rm through the API", "ms", interleave(rounds, {engine.name: lambda engine=engine: create_and_remove(engine) for engine in engines}))
    ours = engines[0]
    if (BINARIES / "hull").exists():
        hull = str(BINARIES / "hull")
        table.add("hull run --rm --network none busybox true", "ms", interleave(rounds, {ours.name: client(ours, *run, program=hull)}))
        table.add("hull version", "ms", interleave(rounds, {ours.name: client(ours, "version", program=hull)}))
    table.add("50 at once: create, start, wait, remove", "s", {engine.name: min(fifty_at_once(engine) for _ in range(2)) for engine in engines})


def create_and_remove(engine):
    identity = json.loads(engine.api("POST", "/containers/create", {"Image": "busybox", "Cmd": ["true"]})[1])["Id"]
    engine.api("DELETE", f"/containers/{identity}")


def fifty_at_once(engine):
    """Creates, starts, awaits and removes fifty containers through the API, all at the same time."""
    problems = []

    def one():
        try:
            body = {"Image": "busybox", "Cmd": ["true"], "HostConfig": {"NetworkMode": "none"}}
            identity = json.loads(engine.api("POST", "/containers/create", body)[1])["Id"]
            status, data = engine.api("POST", f"/containers/{identity}/start")
            assert status == 204, data
            engine.api("POST", f"/containers/{identity}/wait")
            engine.api("DELETE", f"/containers/{identity}?force=1")
        except Exception as problem:
            problems.append(repr(problem))

    threads = [threading.Thread(target=one) for _ in range(50)]
    taken = timed(lambda: ([thread.start() for thread in threads], [thread.join() for thread in threads]))
    if problems:
        print(f"  {engine.name}: {len(problems)} of 50 failed: {problems[0]}")
    return taken / 1000


def list_rate(engine, seconds):
    """Requests per second of the list of 50 containers on one connection."""
    made = [json.loads(engine.api("POST", "/containers/create", {"Image": "busybox", "Cmd": ["true"]})[1])["Id"] for _ in range(50)]
    connection = UnixConnection(engine.socket)
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        connection.request("GET", "/containers/json?all=1")
        connection.getresponse().read()
        count += 1
    connection.close()
    for identity in made:
        engine.api("DELETE", f"/containers/{identity}")
    return count / seconds


def compare_runtimes(table, rounds, scratch):
    """`run` of one OCI bundle by each runtime that is installed."""
    bundle = make_bundle(scratch)
    contestants = {}
    for name, program in (("hull", BINARIES / "hull-runtime"), ("runc", shutil.which("runc"))):
        if program and Path(program).exists():
            command = [str(program), "--root", str(scratch / f"state-{name}"), "run", "--bundle", str(bundle), f"bench-{os.getpid()}"]
            contestants[name] = lambda command=command: subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    if "runc" not in contestants:
        print("runc is not installed: its column is skipped")
    runtime_table = Table(["hull", "runc"])
    runtime_table.add("runtime run of a bundle", "ms", interleave(rounds, contestants), BUDGETS["runtime run of a bundle"])
    table.missed += runtime_table.missed
    table.rows += runtime_table.rows


def compare_daemons(table, engines, rounds):
    table.add("list of 50 containers", "requests/s", {engine.name: list_rate(engine, 2) for engine in engines})
    for engine in engines:
        engine.docker("run", "-d", "--network", "none", "busybox", "sleep", "100000")
    time.sleep(2)
    table.add("resident when idle, daemons", "MiB", {engine.name: sum(resident(pid) for _, pid in engine.daemons()) for engine in engines})
    table.add("resident, one supervisor", "MiB", {engine.name: supervisor(engine) for engine in engines})


PARTS = {
    "clients": compare_clients,
    "networks": lambda table, engines, rounds: networks.compare(table, engines, rounds, interleave, client),
    "daemons": compare_daemons,
    "builds": lambda table, engines, rounds: builds.compare(table, engines, rounds, interleave),
    "images": images.compare,
    "registry": registry.compare,
    "runtimes": lambda table, engines, rounds: compare_runtimes(table, rounds, engines[0].folder / "scratch"),
}


def measure(engines, rounds, parts):
    table = Table([engine.name for engine in engines])
    for engine in engines:
        with open(engines[0].folder / "scratch/busybox.tar", "rb") as archive:
            engine.docker("import", "--change", 'CMD ["sh"]', "-", "busybox", stdin=archive)
    for part in parts:
        PARTS[part](table, engines, rounds)
    return table


def supervisor(engine):
    identity = json.loads(engine.api("GET", "/containers/json")[1])[0]["Id"]
    pid = json.loads(engine.api("GET", f"/containers/{identity}/json")[1])["State"]["Pid"]
    parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return resident(parent)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=15, help="samples of each row (default 15)")
    options.add_argument("--quick", action="store_true", help="three samples: does it work at all?")
    options.add_argument("--only", action="append", choices=PARTS, help="only these rows; may be given several times")
    options.add_argument("--json", type=Path, help="also write the rows to this file")
    chosen = options.parse_args()
    rounds = 3 if chosen.quick else chosen.rounds
    if not shutil.which("dockerd"):
        print("docker.io is not installed: the rows beside dockerd are skipped (apt-get install docker.io)")
    engines = [kind() for kind in ([Hull, Dockerd] if shutil.which("dockerd") else [Hull])]
    scratch = engines[0].folder / "scratch"
    scratch.mkdir()
    (scratch / "busybox.tar").write_bytes(busybox_tar())
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, median of {rounds}, engines interleaved\n")
    try:
        for engine in engines:
            engine.start()
        table = measure(engines, rounds, chosen.only or PARTS)
    finally:
        for engine in engines:
            if hasattr(engine, "process"):
                engine.close()
    if chosen.json:
        chosen.json.write_text(json.dumps(table.rows, indent=2))
    print("\nevery budget is kept" if not table.missed else f"\nmissed: {', '.join(table.missed)}")
    sys.exit(1 if table.missed else 0)


if __name__ == "__main__":
    main()
