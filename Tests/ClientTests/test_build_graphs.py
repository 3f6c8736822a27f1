# SPDX-License-Identifier: Apache-2.0
"""Build graphs of clients: sources, commands, files, merges and differences, as whole builds and over the gateway."""
import hashlib
import json
import secrets

import pytest
from support.buildkit import CONTROL, GATEWAY, BuildKit, CallError, Graph, fields
from support.images import BUSYBOX

pytestmark = [pytest.mark.hull("takes graphs at its own socket"), pytest.mark.usefixtures("tidy_images")]
COPY, MAKE_FILE, MAKE_DIRECTORY, REMOVE, LINK = 4, 5, 6, 7, 8
ANYTIME = -1


@pytest.fixture
def graph():
    return Graph()


@pytest.fixture
def connection(engine):
    with BuildKit(engine.socket) as made:
        yield made


@pytest.fixture
def solve(connection):
    """solve(definition, name) makes an image of a graph."""

    def run(definition, name, entitlements=(), **attributes):
        exporter = {1: "image", 2: [{1: key.replace("_", "."), 2: value} for key, value in {"name": name, **attributes}.items()]}
        return connection.call(CONTROL, "Solve", {1: secrets.token_hex(8), 2: definition, 9: list(entitlements), 13: exporter})

    return run


def made_file(path, text, mode=0o644):
    return MAKE_FILE, {1: path, 2: mode, 3: text, 5: ANYTIME}


def made_directory(path, mode=0o755, parents=False):
    return MAKE_DIRECTORY, {1: path, 2: mode, 3: parents, 5: ANYTIME}


def copied(source, destination, **more):
    return COPY, {1: source, 2: destination, 4: -1, 11: ANYTIME} | more.get("fields", {})


def test_files_are_changed(graph, solve, docker, name):
    actions = [made_directory("/d", 0o700), made_file("/d/f", "made\n", 0o640), (LINK, {1: "d/f", 2: "/l", 4: ANYTIME}), (REMOVE, {1: "/etc/passwd"})]
    solve(graph.definition(graph.change(actions, graph.image(BUSYBOX))), name)
    said = docker("run", "--rm", name, "sh", "-c", "stat -c '%a %n' /d /d/f; cat /l; ls /etc/passwd 2>&1 || true").lines
    assert said[:3] == ["700 /d", "640 /d/f", "made"] and "No such file" in said[3]


def test_files_are_copied_as_the_client_says(graph, solve, docker, name):
    made = graph.change([made_directory("/from"), made_file("/from/a", "a\n"), made_file("/from/b.txt", "b\n")])
    base = graph.change([made_directory("/to")], graph.image(BUSYBOX))
    whole = graph.change([copied("/from", "/to")], base, made)
    contents = graph.change([copied("/from", "/flat/here", fields={6: True, 8: True})], whole, made)
    named = graph.change([copied("/from/*.txt", "/some/", fields={8: True, 9: True, 3: {1: {2: 7}, 2: {2: 8}}})], contents, made)
    solve(graph.definition(named), name)
    said = docker("run", "--rm", name, "sh", "-c", "find /to /flat /some -type f | sort; stat -c '%u %g' /some/b.txt").lines
    assert said == ["/flat/here/a", "/flat/here/b.txt", "/some/b.txt", "/to/from/a", "/to/from/b.txt", "7 8"]


@pytest.mark.parametrize(
    "action, said",
    [
        (copied("/none", "/x"), "not found"),
        (copied("/*.none", "/x", fields={9: True}), "not found"),
        (copied("/bin/sh", "/no/where/sh"), "no such file or directory"),
        (made_file("/no/where", ""), "no such file or directory"),
        (made_directory("/no/where"), "no such file or directory"),
        ((REMOVE, {1: "/none"}), "no such file or directory"),
        ((LINK, {1: "x", 2: "/bin/sh"}), "file exists"),
    ],
    ids=["copy", "pattern", "parent", "file", "directory", "removal", "link"],
)
def test_what_cannot_be_done_is_told(graph, solve, name, action, said):
    base = graph.image(BUSYBOX)
    with pytest.raises(CallError, match=said):
        solve(graph.definition(graph.change([action], base, base)), name)


def test_what_may_be_missing_is_not_missed(graph, solve, docker, name):
    base = graph.image(BUSYBOX)
    actions = [(REMOVE, {1: "/none", 2: True}), copied("/*.none", "/x", fields={9: True, 10: True}), (REMOVE, {1: "/etc/*", 3: True})]
    solve(graph.definition(graph.change(actions, base, base)), name)
    assert set(docker("run", "--rm", name, "ls", "/etc").lines) <= {"hostname", "hosts", "mtab", "resolv.conf"}


def test_a_command_runs(graph, solve, docker, name):
    command = graph.run(["sh", "-c", "echo run > /out; exit 3"], graph.image(BUSYBOX), fields={1: {1: ["sh", "-c", "echo run > /out; exit 3"], 3: "/", 12: [0, 3]}})
    solve(graph.definition(command), name)
    assert docker("run", "--rm", name, "cat", "/out").out == "run"


def test_a_command_has_limits_of_its_own(graph, solve, docker, name):
    said = ["sh", "-c", "ulimit -n > /out; cat /sys/fs/cgroup/memory.max >> /out || true"]
    command = graph.run(said, graph.image(BUSYBOX), fields={1: {1: said, 2: ["PATH=/bin"], 3: "/", 9: [{1: "nofile", 2: 77, 3: 77}]}})
    definition = graph.definition(command)
    definition[2] = [{1: command, 2: {7: {1: 64 << 20}}}]
    solve(definition, name)
    assert docker("run", "--rm", name, "cat", "/out").lines in (["77", str(64 << 20)], ["77"])


def test_a_command_that_fails_fails_the_build(graph, solve, name):
    with pytest.raises(CallError, match="exit code: 7"):
        solve(graph.definition(graph.run(["sh", "-c", "exit 7"], graph.image(BUSYBOX))), name)


def test_a_mount_is_a_result_of_its_own(graph, solve, docker, name):
    base = graph.image(BUSYBOX)
    mounts = [{1: -1, 3: "/out", 4: 1}, {1: -1, 3: "/gone", 4: -1, 6: 4}]
    command = graph.run(["sh", "-c", "echo mine > /out/file; echo root > /root-file; echo x > /gone/x"], base, mounts=mounts)
    solve(graph.definition(graph.add(graph.MERGE, {1: [{1: 0}, {1: 1}]}, base, (command, 1))), name)
    assert docker("run", "--rm", name, "sh", "-c", "cat /file; ls -d /root-file /gone/x 2>&1 | grep -c 'No such'").lines == ["mine", "2"]
    # Both results are in the cache.
    solve(graph.definition(graph.add(graph.MERGE, {1: [{1: 0}, {1: 1}]}, (command, 0), (command, 1))), f"{name}-both")
    assert docker("run", "--rm", f"{name}-both", "cat", "/file", "/root-file").lines == ["mine", "root"]


def test_a_mounts_result_stands_on_what_it_shows(graph, solve, docker, name):
    """What was taken away is gone, what was there already is there, and empty places that containers use for themselves stay."""
    base = graph.image(BUSYBOX)

    def on(below, script):
        inputs = (base,) if below is None else (base, below)
        mounts = [{1: -1 if below is None else 1, 3: "/wd", 4: 0}]
        return graph.add(Graph.EXEC, {1: {1: ["sh", "-ec", script], 3: "/", 2: ["PATH=/bin"]}, 2: [{1: 0, 3: "/", 4: -1}, *mounts]}, *inputs), 0

    made = on(None, "mkdir /wd/proc /wd/gone; echo one > /wd/kept; echo two > /wd/gone/file")
    changed = on(made, "rm -r /wd/gone; echo three >> /wd/kept")
    solve(graph.definition(graph.add(graph.MERGE, {1: [{1: 0}, {1: 1}]}, base, changed)), name)
    assert docker("run", "--rm", name, "sh", "-c", "cat /kept; ls -d /gone 2>&1 | grep -c 'No such'").lines == ["one", "three", "1"]
    solve(graph.definition(changed), f"{name}-alone")
    assert len(json.loads(docker("image", "inspect", f"{name}-alone").out)[0]["RootFS"]["Layers"]) == 2
    seen = docker("build", "-q", "-", stdin=f"FROM {BUSYBOX}\nCOPY --from={name}-alone / /all\n".encode(), env={"DOCKER_BUILDKIT": "0"}).out
    assert docker("run", "--rm", seen, "ls", "/all").lines == ["kept", "proc"]


def test_differences_are_put_on_others(graph, solve, docker, name):
    base = graph.image(BUSYBOX)
    one = graph.change([made_file("/one", "1\n"), (REMOVE, {1: "/etc/group"})], base)
    difference = graph.add(graph.DIFF, {1: {1: 0}, 2: {1: 1}}, base, one)
    other = graph.change([made_file("/two", "2\n")], base)
    solve(graph.definition(graph.add(graph.MERGE, {1: [{1: 0}, {1: 1}]}, other, difference)), name)
    assert docker("run", "--rm", name, "sh", "-c", "cat /one /two; ls /etc/group 2>&1 | grep -c 'No such'").lines == ["1", "2", "1"]


def test_the_difference_of_strangers_is_found(graph, solve, docker, name):
    base = graph.image(BUSYBOX)
    lower = graph.change([made_directory("/d"), made_file("/d/gone", "0"), made_file("/d/same", "1")])
    upper = graph.change([made_directory("/d"), made_file("/d/new", "2"), made_file("/d/same", "1")])
    difference = graph.add(graph.DIFF, {1: {1: 0}, 2: {1: 1}}, lower, upper)
    whole = graph.add(graph.MERGE, {1: [{1: 0}, {1: 1}, {1: 2}]}, base, lower, difference)
    solve(graph.definition(whole), name)
    assert docker("run", "--rm", name, "ls", "/d").lines == ["new", "same"]


def test_the_image_is_what_the_client_says(graph, solve, api, name):
    config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["x"], "Env": ["PATH=/bin", "A=1"]}, "rootfs": {"type": "layers"}}
    made = graph.definition(graph.change([made_file("/a", "")], graph.image(BUSYBOX)))
    solve(made, name, containerimage_config=json.dumps(config))
    image = api("GET", f"/images/{name}/json").json()
    assert image["Config"]["Cmd"] == ["x"] and "A=1" in image["Config"]["Env"]
    solve(made, f"{name}-plain")
    assert api("GET", f"/images/{name}-plain/json").json()["Config"]["WorkingDir"] == "/"


def test_commands_have_to_be_allowed_too(graph, solve, name):
    insecure = graph.definition(graph.run(["true"], graph.image(BUSYBOX), fields={4: 1}))
    with pytest.raises(CallError, match="security.insecure is not allowed"):
        solve(insecure, name)
    with pytest.raises(CallError, match="entitlement security.insecure is not allowed by build daemon configuration"):
        solve(insecure, name, ["security.insecure"])
    hosts = graph.definition(graph.run(["true"], graph.image(BUSYBOX), fields={3: 1}))
    with pytest.raises(CallError, match="network.host is not allowed"):
        solve(hosts, name)
    solve(hosts, name, ["network.host"])


@pytest.mark.parametrize("operation", [{3: {1: "ftp://x"}}, {3: {1: "nothing"}}, {2: {1: {1: "true"}}}, {6: {1: {1: 5}}}, {5: {}}], ids=str)
def test_graphs_that_are_none_are_refused(graph, solve, name, operation):
    digest = graph._put(operation)
    with pytest.raises(CallError):
        solve(graph.definition(digest), name)


def test_a_policy_changes_and_denies_sources(graph, connection, docker, name):
    definition = graph.definition(graph.image("docker.io/library/nowhere:latest"))
    exporter = {1: "image", 2: {1: "name", 2: name}}

    def solve(*rules):
        return connection.call(CONTROL, "Solve", {1: secrets.token_hex(8), 2: definition, 12: {2: list(rules)}, 13: exporter})

    solve({1: 2, 2: {1: "docker-image://docker.io/library/nowhere:*"}, 3: {1: f"docker-image://docker.io/library/{BUSYBOX}"}})
    assert docker("run", "--rm", name, "echo", "changed").out == "changed"
    with pytest.raises(CallError, match="denied by policy"):
        solve({1: 1, 2: {1: "docker-image://*"}})


def test_results_go_on_over_the_gateway(graph, connection, docker, engine, name):
    build = secrets.token_hex(8)
    whole = connection.begin(CONTROL, "Solve", {1: build, 13: {1: "image", 2: [{1: "name", 2: name}]}})
    with BuildKit(engine.socket) as driver:

        def solve(definition, **more):
            """The result's gateway.Ref: its ID and its graph."""
            answer = driver.call(GATEWAY, "Solve", {1: definition, 14: more.get("evaluate", False)}, build)
            reference = fields(fields(answer[3][0])[3][0])
            return reference[1][0].decode(), fields(reference[2][0])

        first, given = solve(graph.definition(graph.change([made_file("/a", "first\n")], graph.image(BUSYBOX))), evaluate=True)
        assert driver.call(GATEWAY, "ReadFile", {1: first, 2: "/a"}, build)[1] == [b"first\n"]
        following = Graph()
        following.operations = given[1][:-1]
        base = "sha256:" + hashlib.sha256(following.operations[0]).hexdigest()
        second, _ = solve(following.definition(following.change([made_file("/b", "second\n")], base)))
        driver.call(GATEWAY, "Return", {1: {3: {1: second}}}, build)
        connection.end(whole)
    assert docker("run", "--rm", name, "cat", "/a", "/b").lines == ["first", "second"]
