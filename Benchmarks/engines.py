# SPDX-License-Identifier: Apache-2.0
"""The engines that are compared, each with folders and a socket of its own."""
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

BINARIES = Path(os.environ.get("HULL_BIN", Path(__file__).parents[1] / "bin"))


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


# A network and a mount namespace, so that nothing of the machine's network is touched; /sys shows the interfaces in there, and the cgroups of
# the machine.
OWN_HOST = [
    *("unshare", "-n", "-m", "--propagation", "slave", "sh", "-ec"),
    """ip link set lo up
d=$(mktemp -d)
mount --rbind /sys/fs/cgroup $d
mount -t sysfs sysfs /sys
mount --rbind $d /sys/fs/cgroup
umount -l $d
rmdir $d
exec "$0" "$@"
""",
]


class Engine:
    """A daemon in a temporary folder; `name` is what the table calls it."""

    name = ""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="hull-bench-", dir="/var/tmp"))
        self.disk = Path(f"{self.folder}.ext4")
        self._mount()
        self.socket = self.folder / "engine.sock"
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
        self.environment |= {"DOCKER_HOST": f"unix://{self.socket}", "DOCKER_CONFIG": str(self.folder / "config")}

    def _mount(self):
        """A disk of its own, with a journal: an engine's files are not made where another's have just been deleted, which ext4 avoids at great cost."""
        with open(self.disk, "wb") as file:
            file.truncate(24 << 30)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1", self.disk], check=True)
        subprocess.run(["mount", "-o", "loop", self.disk, self.folder], check=True)

    def start(self):
        log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([*OWN_HOST, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 30
        while not self.answers():
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"{self.name} did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)
        return self

    def answers(self):
        try:
            return self.api("GET", "/_ping")[0] == 200
        except OSError:
            return False

    def api(self, method, target, body=None):
        connection = UnixConnection(self.socket)
        connection.request(method, target, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def docker(self, *arguments, stdin=subprocess.DEVNULL):
        done = subprocess.run(["docker", *arguments], env=self.environment, stdin=stdin, capture_output=True, timeout=300)
        if done.returncode != 0:
            raise SystemExit(f"{self.name}: docker {' '.join(arguments)}: {done.stderr.decode()}")
        return done.stdout.decode().strip()

    @property
    def host(self):
        """A process in the engine's network namespace."""
        return self.process.pid

    def daemons(self):
        """(name, pid) of the processes that are there when nothing runs."""
        return [(self.name, self.process.pid)]

    def close(self):
        if self.answers():
            for container in json.loads(self.api("GET", "/containers/json?all=1")[1]):
                self.api("DELETE", f"/containers/{container['Id']}?force=1&v=1")
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        subprocess.run(["umount", "-l", self.folder], check=True)
        self.folder.rmdir()
        self.disk.unlink()


class Hull(Engine):
    name = "hull"

    def command(self):
        return [
            *(BINARIES / "hulld", "--root", self.folder / "root", "--state", self.folder / "state", "--host", f"unix://{self.socket}"),
            *("--shim", BINARIES / "hull-shim", "--cgroup-parent", "/" + self.folder.name),
        ]


class Dockerd(Engine):
    """Debian's dockerd."""

    name = "dockerd"

    def command(self):
        return [
            *("dockerd", "--data-root", self.folder / "root", "--exec-root", self.folder / "state", "--host", f"unix://{self.socket}"),
            *("--pidfile", self.folder / "pid", "--log-level", "error"),
        ]

    def daemons(self):
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "cmdline").read_bytes().startswith(b"containerd\0--config\0" + str(self.folder).encode()):
                    return [("dockerd", self.process.pid), ("containerd", int(entry.name))]
            except OSError:
                pass
        return [("dockerd", self.process.pid)]


def resident(pid):
    """Mebibytes of resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
