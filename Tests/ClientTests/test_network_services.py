# SPDX-License-Identifier: Apache-2.0
"""nginx and PostgreSQL from Debian's packages in containers: reached as people reach them, by both families, and again after a partition."""
import hashlib
import json
import threading

import pg8000.exceptions
import pytest
from support.engine import KIND, new_engine
from support.hosts import ENGINE_V4, ENGINE_V6, OTHER_V4, OTHER_V6, Namespace
from support.names import look_up
from support.services import NGINX, PASSWORD, POSTGRES, SERVICES, connect, get, make_services_image, sql
from support.waiting import until

pytestmark = pytest.mark.timeout(900)
WEB, DATABASE = 8080, 5432


class Site:
    """An engine with a web server, a database and a client on one network."""

    def __init__(self, engine):
        self.engine, self.docker = engine, engine.docker
        make_services_image(engine)
        self.docker("network", "create", "--ipv6", "--subnet", "10.41.0.0/24", "--subnet", "fd41::/64", "site")
        self.docker("run", "-d", "--name", "web", "--network", "site", "--network-alias", "www", "-p", f"{WEB}:80", SERVICES, "sh", "-c", NGINX)
        self.start_database()
        self.docker("run", "-d", "--name", "client", "--network", "site", SERVICES, "sleep", "10000")
        self.ready()

    def start_database(self):
        flags = ("--network", "site", "--network-alias", "sql", "-p", f"{DATABASE}:5432", "-v", "data:/var/lib/postgresql")
        self.docker("run", "-d", "--name", "database", *flags, SERVICES, "sh", "-c", POSTGRES)

    def ready(self):
        until(lambda: _works(get, self.inside("client"), self.address("web")), "nginx answers", 30)
        until(lambda: _works(sql, self.inside("client"), self.address("database"), "select 1"), "PostgreSQL answers", 60)

    def inside(self, name):
        return Namespace(self.docker("inspect", "-f", "{{.State.Pid}}", name).out)

    def address(self, name, key="IPAddress"):
        return json.loads(self.docker("inspect", name).out)[0]["NetworkSettings"]["Networks"]["site"][key]

    def psql(self, host, statement, code=0):
        return self.docker("exec", "-e", f"PGPASSWORD={PASSWORD}", "-e", "PGCONNECT_TIMEOUT=5", "client", "psql", "-qtA", "-h", host, "-U", "postgres", "-c", statement, code=code).out


def _works(what, *arguments):
    try:
        return what(*arguments)
    except (OSError, pg8000.exceptions.Error):
        return None


@pytest.fixture(scope="module")
def site(machine):
    engine = new_engine(("--live-restore",) if KIND == "docker" else ())
    try:
        engine.start()
        yield Site(engine)
    finally:
        engine.close()


FROM_THE_HOST = ["127.0.0.1", "::1", ENGINE_V4, ENGINE_V6]


@pytest.mark.parametrize("address", FROM_THE_HOST)
def test_the_host_reaches_both_by_their_published_ports(site, address):
    assert site.engine.other
    assert get(site.engine.host, address, port=WEB).split()[1].decode() in (site.address("web"), site.address("web", "GlobalIPv6Address"))
    assert sql(site.engine.host, address, "select 40 + 2") == [[42]]


@pytest.mark.parametrize("engine_address, own_address", [(ENGINE_V4, OTHER_V4), (ENGINE_V6, OTHER_V6)], ids=["IPv4", "IPv6"])
def test_another_host_reaches_both_and_is_seen_as_itself(site, engine_address, own_address):
    assert get(site.engine.other, engine_address, port=WEB).split()[0].decode() == own_address
    assert sql(site.engine.other, engine_address, "select host(inet_client_addr())", port=DATABASE) == [[own_address]]


@pytest.mark.parametrize("name", ["web", "www"])
@pytest.mark.parametrize("family, key", [("-4", "IPAddress"), ("-6", "GlobalIPv6Address")])
def test_a_second_container_reaches_the_web_server_by_name_and_alias(site, name, family, key):
    answer = site.docker("exec", "client", "curl", "-sS", "-m", "5", family, f"http://{name}/who").out
    assert answer.split() == [site.address("client", key), site.address("web", key)]


@pytest.mark.parametrize("kind, key", [("A", "IPAddress"), ("AAAA", "GlobalIPv6Address")])
def test_names_lead_there_by_both_families(site, kind, key):
    client = site.inside("client")
    (address,) = look_up(client, "www", kind)
    assert address == site.address("web", key) and get(client, address).split()[0].decode() == site.address("client", key)
    (address,) = look_up(client, "sql", kind)
    assert sql(client, address, "select host(inet_client_addr())") == [[site.address("client", key)]]


@pytest.mark.parametrize("name", ["database", "sql"])
def test_a_second_container_reaches_the_database_by_name_and_alias(site, name):
    assert site.psql(name, "select 6 * 7") == "42"
    site.psql(name, "select 1; select 1/0", code=1)


def test_a_wrong_password_is_the_databases_own_answer(site):
    assert site.docker("exec", "-e", "PGPASSWORD=wrong", "client", "psql", "-h", "sql", "-U", "postgres", "-c", "select 1", code=2).err


def test_a_big_file_arrives_whole_by_every_way(site):
    expected = site.docker("exec", "web", "sha256sum", "/srv/big").out.split()[0]
    ways = [(site.engine.host, "127.0.0.1", WEB), (site.engine.host, "::1", WEB), (site.engine.other, ENGINE_V4, WEB), (site.engine.other, ENGINE_V6, WEB)]
    for where, address, port in [*ways, (site.inside("client"), site.address("web"), 80)]:
        assert hashlib.sha256(get(where, address, "/big", port)).hexdigest() == expected, address


def test_ten_downloads_at_once_arrive_whole(site):
    expected = site.docker("exec", "web", "sha256sum", "/srv/big").out.split()[0]
    found = []

    def download(where, address):
        found.append(hashlib.sha256(get(where, address, "/big", WEB)).hexdigest())

    ways = [(site.engine.host, "127.0.0.1"), (site.engine.other, ENGINE_V4)] * 5
    threads = [threading.Thread(target=download, args=way) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 10


def test_a_partition_ends_it_and_the_return_mends_it(site):
    site.docker("network", "disconnect", "site", "database")
    assert site.psql("sql", "select 1", code=2) == ""
    assert not _works(sql, site.engine.host, "127.0.0.1", "select 1")
    site.docker("network", "connect", "--alias", "sql", "site", "database")
    assert until(lambda: site.psql("sql", "select 42", code=None) == "42", "the database is back by its alias", 20)
    assert until(lambda: _works(sql, site.engine.host, "127.0.0.1", "select 42"), "and by its port", 20) == [[42]]
    site.docker("network", "disconnect", "site", "client")
    assert site.psql("sql", "select 1", code=2) == ""
    site.docker("network", "connect", "site", "client")
    assert site.psql("sql", "select 42") == "42" and get(site.inside("client"), site.address("web"))


def test_a_restart_and_a_new_container_keep_name_port_and_data(site):
    site.psql("sql", "create table if not exists kept (line text); insert into kept values ('written before')")
    site.docker("restart", "database")
    site.ready()
    assert site.psql("database", "select * from kept") == "written before"
    site.docker("rm", "-f", "database")
    site.start_database()
    site.ready()
    assert site.psql("sql", "select * from kept") == "written before"
    assert sql(site.engine.other, ENGINE_V4, "select count(*) from kept") == [[1]]


def test_sessions_and_ports_go_on_without_the_daemon(site):
    client, names = site.inside("client"), look_up(site.inside("client"), "www")
    session = connect(site.engine.other, ENGINE_V4)
    if KIND == "docker":  # whose proxies and names end with it
        site.engine.stop()
    else:
        site.engine.kill()
        assert get(site.engine.host, "127.0.0.1", port=WEB) and get(site.engine.host, "::1", port=WEB)
        assert look_up(client, "www") == names
    assert get(site.engine.other, ENGINE_V4, port=WEB)
    site.engine.start()
    assert session.run("select 42") == [[42]] and look_up(client, "www") == names
    session.close()
    assert site.psql("sql", "select 42") == "42" and get(site.engine.host, "127.0.0.1", port=WEB)
