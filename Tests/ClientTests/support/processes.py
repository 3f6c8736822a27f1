# SPDX-License-Identifier: Apache-2.0
"""What /proc knows."""
import os
from pathlib import Path


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


def cgroups(pid):
    try:
        return [line.split(":", 2)[2] for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines()]
    except OSError:
        return []


def network(pid):
    """The name of the process's network namespace."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return ""


def alive(pid):
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False


def status(pid, field):
    """One field of /proc/PID/status, e.g. CapBnd."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return line.split(":")[1].strip()
    raise AssertionError(f"process {pid} has no {field}")


def memory(pid):
    """Kibibytes by field name from /proc/PID/smaps_rollup, e.g. Rss, Private_Dirty."""
    fields = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        fields[name] = int(value.split()[0])
    return fields


def resident(pid):
    return memory(pid)["Rss"]


def peak_resident(pid):
    """The highest resident size so far, in KiB."""
    return int(status(pid, "VmHWM").split()[0])


def reset_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def private(pid):
    fields = memory(pid)
    return fields["Private_Clean"] + fields["Private_Dirty"]
