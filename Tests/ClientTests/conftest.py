# SPDX-License-Identifier: Apache-2.0
"""Fixtures: one engine with the two base images for most tests, fresh ones for those that kill, count or fill theirs."""
import itertools

import pytest
from support.cli import CommandLine
from support.engine import BINARIES, KIND, new_engine
from support.hosts import Host, Namespace, this_machine
from support.images import BUSYBOX, DEBIAN, DEBIAN_APT, import_busybox, import_debian
from support.faulty import Proxy
from support.peers import Peers
from support.registries import KINDS, HullRegistry
from support.terminal import Terminal
from support.waiting import until


def pytest_collection_modifyitems(items):
    for item in items:
        for name in ("hull", "modern") if KIND == "docker" else ():
            marker = item.get_closest_marker(name)
            if marker:
                item.add_marker(pytest.mark.skip(reason=f"{name}: {marker.args[0]}"))
    # Files named …_serial load the machine or measure it: they come last.
    items.sort(key=lambda item: item.path.stem.endswith("_serial"))


@pytest.fixture(scope="session", autouse=True)
def machine():
    """Every engine lives on a host of its own: at the end the machine's links, addresses and packet filter are what they were."""
    before = this_machine()
    yield
    until(lambda: this_machine() == before, f"the machine's network is as it was: {before}; now it is {this_machine()}")


@pytest.fixture(scope="session")
def shared_engine(machine):
    engine = new_engine()
    try:
        engine.start()
        import_busybox(engine.docker)
        yield engine
    finally:
        engine.close()


@pytest.fixture
def engine(shared_engine):
    """The engine that most tests share. What a test leaves is removed after it; a crash fails the test that caused it."""
    if not shared_engine.running():
        shared_engine.start()
    yield shared_engine
    assert shared_engine.running(), f"{shared_engine.kind} crashed with {shared_engine.process.returncode}: {shared_engine.log_tail()}"
    for container in shared_engine.api("GET", "/containers/json?all=1").json():
        shared_engine.api("DELETE", f"/containers/{container['Id']}?force=1&v=1", timeout=60)
    for network in shared_engine.api("GET", "/networks").json():
        if network["Name"] not in ("bridge", "host", "none"):
            answer = shared_engine.api("DELETE", f"/networks/{network['Id']}")
            assert answer.status == 204, answer.body
    for volume in shared_engine.api("GET", "/volumes").json()["Volumes"] or []:
        answer = shared_engine.api("DELETE", f"/volumes/{volume['Name']}?force=1")
        assert answer.status == 204, answer.body


@pytest.fixture
def docker(engine):
    return engine.docker


@pytest.fixture
def hull(engine):
    """Hull's own client."""
    return CommandLine(str(BINARIES / "hull"), engine.docker.environment)


@pytest.fixture
def api(engine):
    return engine.api


@pytest.fixture(scope="session")
def debian_image(shared_engine):
    import_debian(shared_engine.docker)
    return DEBIAN


@pytest.fixture(scope="session")
def debian_apt_image(shared_engine):
    """Debian with apt, whose sources are the machine's mirror."""
    import_debian(shared_engine.docker, DEBIAN_APT, "apt")
    return DEBIAN_APT


@pytest.fixture
def debian(engine, debian_image):
    return debian_image


@pytest.fixture
def run(docker):
    """run(*arguments) starts `docker run -d … busybox …` and gives the container's ID."""

    def start(*arguments, image=BUSYBOX, command=("sleep", "1000")):
        return docker("run", "-d", *arguments, image, *command).out

    return start


@pytest.fixture
def inside(docker):
    """inside(script, *flags) is what a shell script prints in a new container."""

    def execute(script, *flags, image=BUSYBOX, code=0, stdin=b""):
        return docker("run", "--rm", *flags, image, "sh", "-c", script, code=code, stdin=stdin).out

    return execute


@pytest.fixture
def terminal(engine):
    """terminal(*arguments) is the docker client at a terminal."""
    opened = []

    def start(*arguments, rows=24, columns=80):
        opened.append(Terminal([engine.docker.program, *map(str, arguments)], engine.docker.environment, rows, columns))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def fresh_engine():
    """fresh_engine(*daemon options) starts an engine of its own, with busybox."""
    engines = []

    def start(*options, busybox=True):
        engine = new_engine(options)
        engines.append(engine)
        engine.start()
        if busybox:
            import_busybox(engine.docker)
        return engine

    yield start
    for engine in engines:
        engine.close()


@pytest.fixture
def registry_on(fresh_engine, tmp_path):
    """registry_on(host, kind, **options) starts a registry on a host; see `support.registries`."""
    made = []

    def start(host, kind="docker-registry", **options):
        made.append(KINDS[kind](host, tmp_path / f"registry-{len(made)}", **options))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture(params=list(KINDS))
def registry(request, engine, registry_on):
    """A registry at 127.0.0.1:5000 of the shared engine's host: Debian's, and Hull's own."""
    if request.param == HullRegistry.kind and not HullRegistry.program.exists():
        pytest.skip("hull-registry is not built")
    return registry_on(engine.host, request.param)


@pytest.fixture
def proxy_on(fresh_engine):
    """proxy_on(host, **options) starts a faulty proxy in front of the registry there; see `support.faulty`."""
    made = []

    def start(host, **options):
        made.append(Proxy(host, **options))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def tidy_images(engine):
    """After the test the engine has its base images, by their own names, and no other."""
    yield
    for image in engine.api("GET", "/images/json?all=1").json():
        names = [*(image["RepoTags"] or []), *(image["RepoDigests"] or [])]
        if not {BUSYBOX, DEBIAN, DEBIAN_APT} & set(names):
            engine.api("DELETE", f"/images/{image['Id']}?force=1", timeout=60)
            continue
        for name in names:
            if name not in (BUSYBOX, DEBIAN, DEBIAN_APT):
                engine.api("DELETE", f"/images/{name}", timeout=60)


@pytest.fixture
def host(tmp_path):
    """A host of namespaces without an engine."""
    made = Host(tmp_path)
    yield made
    made.close()


@pytest.fixture
def peers():
    """Servers on hosts and in containers that live as long as the test."""
    made = Peers()
    yield made
    made.close()


@pytest.fixture
def within(docker):
    """within(container) is the network namespace of a running container."""
    return lambda container: Namespace(docker("inspect", "-f", "{{.State.Pid}}", container).out)


@pytest.fixture
def published(run, within, peers):
    """published(*flags, port=80) is a container with servers at that port, TCP and UDP, both families."""

    def start(*flags, port=80, name="server"):
        container = run(*flags)
        peers.tcp(within(container), port, name)
        peers.udp(within(container), port, name)
        return container

    return start


@pytest.fixture
def network(docker, name):
    """network(*options) creates a network and gives its name."""
    numbers = itertools.count()

    def create(*options):
        made = f"{name}-net{next(numbers)}"
        docker("network", "create", *options, made)
        return made

    return create


_names = itertools.count()


@pytest.fixture
def name():
    """A container name that no other test uses."""
    return f"test-{next(_names)}"
