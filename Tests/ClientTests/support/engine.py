# SPDX-License-Identifier: Apache-2.0
"""An engine under test with a root, a state, a socket and a host of its own: hulld, or the reference dockerd with HULL_TEST_ENGINE=docker."""
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from . import processes
from .cli import CommandLine, docker_cli
from .hosts import Host
from .http import API
from .waiting import until

BINARIES = Path(os.environ.get("HULL_BIN", Path(__file__).parents[3] / "bin"))
KIND = os.environ.get("HULL_TEST_ENGINE", "hull").removesuffix("d")
BAD_REQUEST = (400, 500) if KIND == "docker" else (400,)  # the reference engine says 500 where later ones say 400


class Engine:
    """What both kinds share. The engine runs on a host made of namespaces, which outlives it. Use `new_engine()`; end with `close()`."""

    kind = ""
    not_counted = ()  # kinds of `leaks.count` that this engine does not promise

    def __init__(self, options=()):
        self.directory = Path(tempfile.mkdtemp(prefix="hull-test-", dir="/var/tmp"))
        self.root = self.directory / "root"
        self.state = self.directory / "state"
        self.socket = self.directory / "engine.sock"
        self.log = self.directory / "engine.log"
        self.cgroup_parent = "/" + self.directory.name
        self.options = list(options)
        self.process = None
        self.host = Host(self.directory)
        self._other = None
        self.docker = docker_cli(self.socket, self.directory / "config")
        self.api = API(self.socket)

    def command(self):
        """The daemon's command line."""
        raise NotImplementedError

    @property
    def pid(self):
        return self.process.pid

    @property
    def other(self):
        """Another host, which reaches the engine's at 203.0.113.1 and 2001:db8:f::1; made when it is first asked for."""
        if not self._other:
            folder = self.directory / "other"
            folder.mkdir()
            self._other = Host(folder)
            self.host.wire(self._other)
        return self._other

    def start(self, extra=()):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.host.enter, *self.command(), *self.options, *extra], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._answers, f"{self.kind} answers /_ping; its log ends with: {self.log_tail()}", 30)
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.kind} ended with {self.process.returncode} at its start: {self.log_tail()}")
        try:
            return self.api("GET", "/_ping").status == 200
        except OSError:
            return False

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9: no chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM, as a service manager does."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def restart(self):
        self.stop()
        return self.start()

    def log_tail(self, size=3000):
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""

    def owned(self):
        """Every process that exists because of this engine: daemon, shims, workloads."""
        mine = set()
        for pid in processes.pids():
            in_cgroup = any(path.startswith(self.cgroup_parent + "/") for path in processes.cgroups(pid))
            if in_cgroup or str(self.directory) in processes.command_line(pid):
                mine.add(pid)
        return {pid for pid in mine if processes.alive(pid)} - {os.getpid()}

    def keeps_for_a_while(self, path):
        """Whether the engine tidies this file up later, by itself."""
        return False

    def close(self):
        """Ends everything that belongs to this engine and removes its folder."""
        if self.running():
            for container in self.api("GET", "/containers/json?all=1").json():
                self.api("DELETE", f"/containers/{container['Id']}?force=1&v=1", timeout=60)
            for volume in self.api("GET", "/volumes").json()["Volumes"] or []:
                self.api("DELETE", f"/volumes/{volume['Name']}", timeout=60)
            self.stop()
        for pid in self.owned():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        until(lambda: not self.owned(), f"the processes of {self.directory} end", 10)
        for host in filter(None, (self.host, self._other)):
            host.close()
        self._unmount()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _unmount(self):
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in reversed([path for path in mounts if path.startswith(str(self.directory) + "/")]):
            subprocess.run(["umount", "-l", mount], check=False)
        for hierarchy in [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").iterdir()]:
            for folder, _, _ in os.walk(hierarchy / self.cgroup_parent[1:], topdown=False):
                os.rmdir(folder)


class HullEngine(Engine):
    kind = "hulld"

    def __init__(self, options=()):
        super().__init__(options)
        self.hull = CommandLine(str(BINARIES / "hull"), self.docker.environment)

    def command(self):
        return [
            *(str(BINARIES / "hulld"), "--root", str(self.root), "--state", str(self.state), "--host", f"unix://{self.socket}"),
            *("--shim", str(BINARIES / "hull-shim"), "--cgroup-parent", self.cgroup_parent, "--log-level", "info"),
        ]

    def keeps_for_a_while(self, path):
        # The last builds, as many as a history has.
        return path.startswith(f"{self.root}/build-history")


class DockerEngine(Engine):
    """Debian's dockerd."""

    kind = "dockerd"
    not_counted = ("open files of the daemon",)

    def __init__(self, options=()):
        super().__init__(options)
        self.state.mkdir()

    def command(self):
        return [
            *("dockerd", "--data-root", str(self.root), "--exec-root", str(self.state), "--host", f"unix://{self.socket}"),
            *("--pidfile", str(self.state / "pid"), "--cgroup-parent", self.cgroup_parent, "--log-level", "warn"),
            *("--experimental", "--ip6tables"),  # later ones have it without being asked
        ]

    def keeps_for_a_while(self, path):
        return path.startswith(f"{self.state}/netns/")


def new_engine(options=()):
    """An engine of the kind under test, not yet started."""
    return DockerEngine(options) if KIND == "docker" else HullEngine(options)
