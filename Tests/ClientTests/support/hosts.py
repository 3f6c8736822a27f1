# SPDX-License-Identifier: Apache-2.0
"""Machines made of namespaces: one for each engine, one that stands for another host on its network. Nothing of the machine's own network is touched."""
import ctypes
import os
import signal
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

from . import processes
from .waiting import until

CLONE_NEWNET = 0x40000000
RESOLV_CONF = "nameserver 127.0.0.1\n"
ENGINE_V4, ENGINE_V6 = "203.0.113.1", "2001:db8:f::1"  # the engine's host on its outer network
OTHER_V4, OTHER_V6 = "203.0.113.2", "2001:db8:f::2"  # another host there
# Its own resolv.conf and a /sys that shows its own interfaces, with the cgroups of the machine.
SET_UP = """set -e
mount --bind "$1/resolv.conf" /etc/resolv.conf
mkdir "$1/cgroup"
mount --rbind /sys/fs/cgroup "$1/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$1/cgroup" /sys/fs/cgroup
umount -l "$1/cgroup"
rmdir "$1/cgroup"
ip link set lo up
exec sleep infinity"""

_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """The network namespace that a process lives in: a host's, or a container's by its PID."""

    def __init__(self, pid):
        self.pid = int(pid)

    @contextmanager
    def inside(self):
        """This thread, and what it starts, is in the namespace. Sockets made here stay in it."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
        try:
            _setns(there)
            yield self
        finally:
            _setns(home)
            os.close(there)
            os.close(home)

    def socket(self, family, kind):
        with self.inside():
            return socket.socket(family, kind)

    def connect(self, address, port, timeout=5, source=None):
        """A TCP connection from inside to an IP address."""
        made = self.socket(family_of(address), socket.SOCK_STREAM)
        try:
            made.settimeout(timeout)
            if source:
                made.bind((source, 0))
            made.connect((address, port))
        except OSError:
            made.close()
            raise
        return made

    def run(self, *command, check=True):
        """What a command of the machine prints when it runs in the namespace."""
        with self.inside():
            done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 or not check, f"{' '.join(map(str, command))}: {done.stderr}"
        return done.stdout

    def links(self):
        return sorted(line.split(": ")[1].split("@")[0] for line in self.run("ip", "-o", "link").splitlines())

    def addresses(self):
        return sorted(" ".join(line.split()[1:4]) for line in self.run("ip", "-o", "address").splitlines())

    def routes(self):
        lines = self.run("ip", "-o", "route", "show", "table", "all") + self.run("ip", "-6", "-o", "route", "show", "table", "all")
        # Whether anybody is behind a bridge just now is no property of its routes.
        return sorted(" ".join(word for word in line.split() if word != "linkdown") for line in lines.splitlines())

    def rules(self):
        """The packet filter without its counters."""
        return self.run("nft", "-s", "list", "ruleset").splitlines()

    def listening(self):
        lines = self.run("ss", "-H", "-n", "-l", "-t", "-u").splitlines()
        return sorted(f"{fields[0]} {fields[4]}" for fields in map(str.split, lines))


class Host(Namespace):
    """A network and a mount namespace that outlive the engines in them. `directory` exists and keeps its resolv.conf."""

    def __init__(self, directory):
        (Path(directory) / "resolv.conf").write_text(RESOLV_CONF)
        self.resolv_conf = Path(directory) / "resolv.conf"
        self.holder = subprocess.Popen(["unshare", "-n", "-m", "--propagation", "slave", "sh", "-c", SET_UP, "host", directory], stdin=subprocess.DEVNULL)
        super().__init__(self.holder.pid)
        until(lambda: self._is_up(), "the namespaces are made", 20)
        self.name = os.readlink(f"/proc/{self.pid}/ns/net")

    def _is_up(self):
        assert self.holder.poll() is None, "the namespaces could not be made"
        return processes.command_line(self.pid).startswith("sleep")

    @property
    def enter(self):
        """What to put before a command so that it runs on this host."""
        return ["nsenter", "-t", str(self.pid), "-n", "-m", "--"]

    def path(self, path):
        """Where this process finds what is at an absolute path there, below mounts that are only there."""
        return Path(f"/proc/{self.pid}/root{path}")

    def mount(self, *arguments, command="mount"):
        """mount(8) on this host."""
        subprocess.run([*self.enter, command, *map(str, arguments)], check=True)

    def mounts(self):
        """Where something is mounted there."""
        return [line.split()[4] for line in Path(f"/proc/{self.pid}/mountinfo").read_text().splitlines()]

    def wire(self, other):
        """A cable to another host, with the addresses above on its two ends."""
        self.run("ip", "link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", str(other.pid))
        for host, v4, v6 in ((self, ENGINE_V4, ENGINE_V6), (other, OTHER_V4, OTHER_V6)):
            host.run("ip", "address", "add", f"{v4}/24", "dev", "wan")
            host.run("ip", "address", "add", f"{v6}/64", "dev", "wan", "nodad")
            host.run("ip", "link", "set", "wan", "up")
        until(lambda: all("UP" in host.run("ip", "-o", "link", "show", "wan").split("state ")[1][:4] for host in (self, other)), "the cable is up")

    def close(self):
        """Ends the host; fails when a process is still in it."""
        self.holder.send_signal(signal.SIGKILL)
        self.holder.wait()
        until(lambda: not self._residents(), f"nothing is left in {self.name}: {[processes.command_line(pid) for pid in self._residents()]}", 20)

    def _residents(self):
        return [pid for pid in processes.pids() if processes.network(pid) == self.name and processes.alive(pid)]


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def kernel_has(kind):
    """Whether links of that kind can be made."""
    done = subprocess.run(["unshare", "-n", "ip", "link", "add", "probe", "link", "lo", "type", kind], capture_output=True, text=True)
    return "Unknown device type" not in done.stderr


def _setns(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def this_machine():
    """The machine's own network, which no test may change, as lists of names by kind."""
    here = Namespace(os.getpid())
    return {"links": here.links(), "addresses": here.addresses(), "rules": here.rules()}
