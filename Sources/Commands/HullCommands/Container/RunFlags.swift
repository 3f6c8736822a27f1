// SPDX-License-Identifier: Apache-2.0
import Errors

/// The flags of `run` and `create`.
enum RunFlags {
  static var run: [Flag] {
    [
      .bool("detach,d", "Run container in background and print container ID"),
      .bool("sig-proxy", "Proxy received signals to the process", initial: true),
      .detachKeys,
    ] + create
  }

  static var create: [Flag] { own + general + security + network + storage + health + resources + lowLevel }

  private static var own: [Flag] {
    [
      .string("name", "Assign a name to the container"),
      .string("pull", "Pull image before running (\"always\", \"missing\", \"never\")", initial: "missing"),
      .bool("quiet,q", "Suppress the pull output"),
      .string("platform", "Set platform if server is multi-platform capable", initial: Environment.value("DOCKER_DEFAULT_PLATFORM") ?? ""),
      .bool("disable-content-trust", "Skip image verification", initial: true).concealed(),
      .bool("use-api-socket", "Bind mount the engine's API socket"),
    ]
  }

  private static var general: [Flag] {
    [
      .list("attach,a", "Attach to STDIN, STDOUT or STDERR") {
        let stream = $0.lowercased()
        guard ["stdin", "stdout", "stderr"].contains(stream) else {
          throw HullError(.invalidArgument, "valid streams are STDIN, STDOUT and STDERR")
        }
        return stream
      },
      .list("device-cgroup-rule", "Add a rule to the cgroup allowed devices list", check: RunValues.deviceRule),
      .list("device", "Add a host device to the container"),
      .value("gpus", type: "gpu-request", "GPU devices to add to the container ('all' to pass all GPUs)"),
      .list("env,e", "Set environment variables", check: RunValues.environment),
      .list("env-file", "Read in a file of environment variables"),
      .string("entrypoint", "Overwrite the default ENTRYPOINT of the image"),
      .list("group-add", "Add additional groups to join"),
      .string("hostname,h", "Container host name"),
      .string("domainname", "Container NIS domain name"),
      .bool("interactive,i", "Keep STDIN open even if not attached"),
      .list("label,l", "Set meta data on a container", check: RunValues.label),
      .list("label-file", "Read in a line delimited file of labels"),
      .bool("read-only", "Mount the container's root filesystem as read only"),
      .string("restart", "Restart policy to apply when a container exits", initial: "no"),
      .string("stop-signal", "Signal to stop the container"),
      .int("stop-timeout", "Timeout (in seconds) to stop a container"),
      .list("sysctl", type: "map", "Sysctl options", shown: "map[]", check: RunValues.sysctl),
      .bool("tty,t", "Allocate a pseudo-TTY"),
      .list("ulimit", type: "ulimit", "Ulimit options", shown: "[]", check: RunValues.checkedUlimit),
      .string("user,u", "Username or UID (format: <name|uid>[:<group|gid>])"),
      .string("workdir,w", "Working directory inside the container"),
      .bool("rm", "Automatically remove the container and its associated anonymous volumes when it exits"),
    ]
  }

  private static var security: [Flag] {
    [
      .list("cap-add", "Add Linux capabilities"),
      .list("cap-drop", "Drop Linux capabilities"),
      .bool("privileged", "Give extended privileges to this container"),
      .list("security-opt", "Security Options"),
      .string("userns", "User namespace to use"),
      .string("cgroupns", "Cgroup namespace to use (host|private)"),
    ]
  }

  private static var network: [Flag] {
    [
      .list("add-host", "Add a custom host-to-IP mapping (host:ip)", check: RunValues.extraHost),
      .list("dns", "Set custom DNS servers", check: RunValues.address),
      .list("dns-opt", "Set DNS options").concealed(as: "dns-option"),
      .list("dns-option", "Set DNS options"),
      .list("dns-search", "Set custom DNS search domains", check: RunValues.searchDomain),
      .list("expose", "Expose a port or a range of ports"),
      .string("ip", "IPv4 address (e.g., 172.30.100.104)"),
      .string("ip6", "IPv6 address (e.g., 2001:db8::33)"),
      .list("link", "Add link to another container", check: RunValues.link),
      .list("link-local-ip", "Container IPv4/IPv6 link-local addresses"),
      .string("mac-address", "Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
      .list("publish,p", "Publish a container's port(s) to the host"),
      .bool("publish-all,P", "Publish all exposed ports to random ports"),
      .list("net", type: "network", "Connect a container to a network", check: RunNetworks.checked).concealed(as: "network"),
      .list("network", type: "network", "Connect a container to a network", check: RunNetworks.checked),
      .list("net-alias", "Add network-scoped alias for the container").concealed(as: "network-alias"),
      .list("network-alias", "Add network-scoped alias for the container"),
    ]
  }

  private static var storage: [Flag] {
    [
      .string("log-driver", "Logging driver for the container"),
      .list("log-opt", "Log driver options"),
      .string("volume-driver", "Optional volume driver for the container"),
      .list("storage-opt", "Storage driver options for the container"),
      .list("tmpfs", "Mount a tmpfs directory"),
      .list("volumes-from", "Mount volumes from the specified container(s)"),
      .list("volume,v", "Bind mount a volume"),
      .list("mount", type: "mount", "Attach a filesystem mount to the container") {
        _ = try MountSpec.parse($0)
        return $0
      },
    ]
  }

  private static var health: [Flag] {
    [
      .string("health-cmd", "Command to run to check health"),
      .duration("health-interval", "Time between running the check (ms|s|m|h) (default 0s)"),
      .int("health-retries", "Consecutive failures needed to report unhealthy"),
      .duration("health-timeout", "Maximum time to allow one check to run (ms|s|m|h) (default 0s)"),
      .duration(
        "health-start-period", "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h) (default 0s)"),
      .duration("health-start-interval", "Time between running the check during the start period (ms|s|m|h) (default 0s)"),
      .bool("no-healthcheck", "Disable any container-specified HEALTHCHECK"),
    ]
  }

  private static var resources: [Flag] {
    limits + [
      .list("blkio-weight-device", "Block IO weight (relative device weight)", shown: "[]"),
      .string("cidfile", "Write the container ID to the file"),
      .list("device-read-bps", "Limit read rate (bytes per second) from a device", shown: "[]"),
      .list("device-read-iops", "Limit read rate (IO per second) from a device", shown: "[]"),
      .list("device-write-bps", "Limit write rate (bytes per second) to a device", shown: "[]"),
      .list("device-write-iops", "Limit write rate (IO per second) to a device", shown: "[]"),
      .bytes("kernel-memory", "Kernel memory limit").concealed(),
      .int("memory-swappiness", "Tune container memory swappiness (0 to 100)", initial: -1),
      .bool("oom-kill-disable", "Disable OOM Killer"),
      .int("oom-score-adj", "Tune host's OOM preferences (-1000 to 1000)"),
    ]
  }

  /// The limits that `update` can change too.
  static var limits: [Flag] {
    [
      .int("blkio-weight", type: "uint16", "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)"),
      .int("cpu-period", "Limit CPU CFS (Completely Fair Scheduler) period"),
      .int("cpu-quota", "Limit CPU CFS (Completely Fair Scheduler) quota"),
      .int("cpu-rt-period", "Limit CPU real-time period in microseconds"),
      .int("cpu-rt-runtime", "Limit CPU real-time runtime in microseconds"),
      .int("cpu-shares,c", "CPU shares (relative weight)"),
      .value("cpus", type: "decimal", "Number of CPUs", initial: "0") { String(try Units.nanoCPUs($0)) },
      .string("cpuset-cpus", "CPUs in which to allow execution (0-3, 0,1)"),
      .string("cpuset-mems", "MEMs in which to allow execution (0-3, 0,1)"),
      .bytes("memory,m", "Memory limit"),
      .bytes("memory-reservation", "Memory soft limit"),
      .value("memory-swap", type: "bytes", "Swap limit equal to memory plus swap: '-1' to enable unlimited swap", initial: "0") {
        $0 == "-1" ? $0 : String(try Units.bytes($0))
      },
      .int("pids-limit", "Tune container pids limit (set -1 for unlimited)"),
    ]
  }

  private static var lowLevel: [Flag] {
    [
      .string("cgroup-parent", "Optional parent cgroup for the container"),
      .string("ipc", "IPC mode to use"),
      .string("isolation", "Container isolation technology"),
      .string("pid", "PID namespace to use"),
      .bytes("shm-size", "Size of /dev/shm"),
      .string("uts", "UTS namespace to use"),
      .string("runtime", "Runtime to use for this container"),
      .bool("init", "Run an init inside the container that forwards signals and reaps processes"),
      .list("annotation", type: "map", "Add an annotation to the container (passed through to the OCI runtime)", shown: "map[]"),
    ]
  }
}
