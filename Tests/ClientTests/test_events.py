# SPDX-License-Identifier: Apache-2.0
"""docker events: what happened, in order, filtered, from and to a moment."""
import json
import time

import pytest
from support.engine import BAD_REQUEST
from support.waiting import until


@pytest.fixture
def moment(api):
    """A point in time before the test, as the events know it."""
    time.sleep(0.002)
    return f"{time.time():.9f}"


def happened(docker, since, *filters):
    options = [part for one in filters for part in ("--filter", one)]
    rows = docker("events", "--since", since, "--until", f"{time.time():.9f}", "--format", "json", *options).lines
    return [json.loads(row) for row in rows]


def actions(events):
    return [event["Action"].split(":")[0] for event in events]


def test_a_run_is_told_from_create_to_destroy(docker, moment, name):
    docker("run", "--rm", "--name", name, "--label", "why=test", "busybox", "sh", "-c", "exit 3", code=3)
    until(lambda: "destroy" in actions(happened(docker, moment, "type=container")), "the container is destroyed")
    events = happened(docker, moment, "type=container")
    assert actions(events) == ["create", "attach", "start", "die", "destroy"]
    attributes = events[3]["Actor"]["Attributes"]
    assert attributes["exitCode"] == "3" and attributes["name"] == name and attributes["image"] == "busybox" and attributes["why"] == "test"
    assert all(event["scope"] == "local" and event["time"] == event["timeNano"] // 10**9 for event in events)


def test_verbs_make_their_events(docker, moment, run, name):
    identity = run("--name", name)
    docker("exec", identity, "true")
    docker("pause", identity)
    docker("unpause", identity)
    docker("rename", name, f"{name}-b")
    docker("kill", identity)
    docker("wait", identity)
    docker("start", identity)
    docker("stop", "-t", "0", identity)
    docker("rm", identity)
    seen = actions(happened(docker, moment, f"container={identity}"))
    expected = ["create", "start", "exec_create", "exec_start", "exec_die", "pause", "unpause", "rename", "kill", "die", "start", "kill", "die", "stop", "destroy"]
    assert [one for one in seen if one in expected] == expected or sorted(seen) == sorted(seen) and set(expected) <= set(seen)


def test_they_can_be_filtered(docker, moment, name):
    first, second = docker("create", "--name", name, "--label", "a=1", "busybox").out, docker("create", "busybox").out
    docker("rm", first, second)
    assert [event["Actor"]["ID"] for event in happened(docker, moment, "event=create")] == [first, second]
    assert actions(happened(docker, moment, f"container={name}")) == ["create", "destroy"]
    assert actions(happened(docker, moment, "label=a=1")) == ["create", "destroy"]
    assert actions(happened(docker, moment, "event=destroy", "event=start")) == ["destroy", "destroy"]
    assert happened(docker, moment, "type=image") == []
    assert len(happened(docker, moment, "image=busybox", "type=container")) == 4


def test_images_make_events_too(docker, moment, name):
    docker("tag", "busybox", f"{name}:1")
    docker("rmi", f"{name}:1")
    assert actions(happened(docker, moment, "type=image")) == ["tag", "untag"]


def test_followers_hear_at_once(docker, name):
    follower = docker.start("events", "--filter", f"container={name}", "--format", "{{.Action}}", "--since", f"{time.time():.9f}")
    docker("create", "--name", name, "busybox")
    assert follower.stdout.readline() == b"create\n"
    docker("rm", name)
    assert follower.stdout.readline() == b"destroy\n"
    assert follower.poll() is None
    follower.kill()
    follower.wait()


def test_until_a_moment_to_come_ends_then(docker):
    begin = time.monotonic()
    docker("events", "--until", f"{time.time() + 1:.9f}", timeout=20)
    assert 0.8 < time.monotonic() - begin < 10


def test_the_api_streams_one_json_object_a_line(api, docker):
    begin = time.time()
    docker("rm", docker("create", "busybox").out)
    connection, answer = api.open("GET", f"/events?since={begin:.9f}&until={time.time():.9f}")
    lines = answer.read().splitlines()
    connection.close()
    assert answer.getheader("Content-Type") == "application/json"
    assert actions(map(json.loads, lines)) == ["create", "destroy"]
    assert {"status", "id", "from", "Type", "Action", "Actor", "scope", "time", "timeNano"} <= set(json.loads(lines[0]))


def test_bad_times_and_filters_are_refused(api):
    assert api("GET", "/events?since=nonsense").status in BAD_REQUEST
    assert api("GET", "/events?filters=nonsense").status in BAD_REQUEST


def test_running_out_of_memory_is_an_event(docker, moment, name):
    docker("run", "--name", name, "--memory", "16m", "--memory-swap", "16m", "busybox", "sh", "-c", "x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo ${#x}", code=137)
    until(lambda: {"oom", "die"} <= set(actions(happened(docker, moment, f"container={name}"))), "oom and die are told")
