# SPDX-License-Identifier: Apache-2.0
"""Ping, version and info: how a client finds out whom it talks to."""
import pytest


def test_ping_carries_the_negotiation_headers(api):
    answer = api("GET", "/_ping")
    assert answer.status == 200
    assert answer.body == b"OK"
    assert answer.headers["ostype"] == "linux"
    assert tuple(map(int, answer.headers["api-version"].split("."))) >= (1, 41)
    assert "no-cache" in answer.headers["cache-control"]
    assert "docker-experimental" in answer.headers


def test_a_head_ping_has_no_body(api):
    answer = api("HEAD", "/_ping")
    assert (answer.status, answer.body) == (200, b"")
    assert "api-version" in answer.headers


def test_version_names_the_engine_and_its_api(api, docker):
    version = api("GET", "/version").json()
    assert version["Os"] == "linux" and version["Arch"] == "amd64"
    assert version["MinAPIVersion"] <= "1.24"
    assert version["Components"][0]["Name"] and version["KernelVersion"]
    shown = docker("version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}").out.split()
    assert shown == [version["Version"], min(version["ApiVersion"], "1.50")]


def test_info_counts_containers_and_images(docker, run, name):
    before = docker("info", "--format", "{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}}").out.split()
    run("--name", name)
    docker("create", "busybox")
    after = docker("info", "--format", "{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}}").out.split()
    assert [int(b) - int(a) for a, b in zip(before, after)] == [2, 1, 1]
    assert int(docker("info", "--format", "{{.Images}}").out) >= 1


def test_info_describes_the_machine(api):
    info = api("GET", "/info").json()
    assert info["NCPU"] >= 1 and info["MemTotal"] > 0
    assert info["OSType"] == "linux" and info["Architecture"] == "x86_64"
    assert info["LoggingDriver"] == "json-file"
    assert info["CgroupVersion"] in ("1", "2")
    assert any("seccomp" in option for option in info["SecurityOptions"])


@pytest.mark.parametrize("version", ["1.24", "1.30", "1.40", "1.41"])
def test_every_version_prefix_is_answered(api, version):
    assert api("GET", f"/v{version}/version").status == 200


@pytest.mark.parametrize("version, why", [("1.11", "too old"), ("9.99", "too new")])
def test_a_version_out_of_range_is_refused_with_a_message(api, version, why):
    answer = api("GET", f"/v{version}/containers/json")
    assert answer.status == 400
    assert f"client version {version} is {why}" in answer.message


def test_system_df_is_answered(docker):
    assert "Images" in docker("system", "df").out
