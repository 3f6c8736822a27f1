// SPDX-License-Identifier: Apache-2.0

/// Everything the launcher needs to put one process behind the container wall, computed before the clone.
///
/// After the clone there is only a list of system calls. Terms follow the OCI runtime specification 1.2.
package struct LaunchPlan: Sendable, Equatable {
  /// Names the workload in messages and in `/proc/PID/cmdline` of helpers.
  package var id: String
  package var root: RootPlan
  /// In the order in which they are made.
  package var namespaces: [NamespacePlan]
  package var uidMappings: [IDMapping] = []
  package var gidMappings: [IDMapping] = []
  package var hostname: String?
  package var domainname: String?
  package var mounts: [MountPlan] = []
  /// Device nodes to make under the root (bound from the host inside a user namespace): all of them, the default ones (null, zero, full,
  /// random, urandom, tty) included. The links `/dev/{fd,stdin,stdout,stderr,core,ptmx}` are made by the launcher unless `/dev` is bound from the host.
  package var devices: [DevicePlan] = []
  package var maskedPaths: [String] = []
  package var readonlyPaths: [String] = []
  package var sysctls: [Setting] = []
  package var cgroup: CgroupPlan?
  package var process: ProcessPlan
  package var hooks: HookPlan = HookPlan()
  /// Bring `lo` up in a new network namespace.
  package var loopbackUp = true
  /// A fifo at which the child waits before exec (OCI `create`/`start`) until `Launcher.openGate` is called; `nil`: exec at once.
  package var startGate: String?
  /// Offsets of a new time namespace: `monotonic` or `boottime`, and `SECONDS NANOSECONDS`.
  package var timeOffsets: [Setting] = []
  /// Give the workload a session keyring of its own, so that it cannot read the keys of whoever started it.
  package var newSessionKeyring = true
  /// Rules for programs of other machines, as binfmt_misc's `register` takes them (kernel documentation, binfmt_misc): put into an instance
  /// of its own that the new user namespace has (Linux 6.7). Interpreters are named by their paths on the host.
  package var binaryFormats: [String] = []

  package init(id: String, root: RootPlan, namespaces: [NamespacePlan], process: ProcessPlan) {
    self.id = id
    self.root = root
    self.namespaces = namespaces
    self.process = process
  }
}

/// A name and what it is set to: a sysctl, a cgroup file.
package struct Setting: Sendable, Equatable {
  package var name: String
  package var value: String
  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// The root file system and where it is put together.
package struct RootPlan: Sendable, Equatable {
  package enum Source: Sendable, Equatable {
    /// A directory that is the root as it stands.
    case directory(String)
    /// A union of read-only layers (topmost first) under a writable one. Mounted by the child in its own mount namespace:
    /// the host never sees the mount and it ends with the namespace.
    case overlay(lower: [String], upper: String, work: String)
  }
  package var source: Source
  /// An existing, empty directory on which an overlay is mounted (unused for `.directory`).
  package var mountPoint: String
  package var readonly = false
  /// `MS_PRIVATE`, `MS_SLAVE`, `MS_SHARED`, possibly with `MS_REC`: the propagation of `/` before the container's mounts are made.
  package var propagation: UInt
  /// chroot instead of pivot_root (OCI `--no-pivot`).
  package var noPivot = false

  package init(source: Source, mountPoint: String, propagation: UInt) {
    self.source = source
    self.mountPoint = mountPoint
    self.propagation = propagation
  }
}

package struct NamespacePlan: Sendable, Equatable {
  package enum Kind: UInt8, Sendable, CaseIterable { case mount, pid, network, ipc, uts, cgroup, user, time }
  package var kind: Kind
  /// Join this one (a `/proc/PID/ns/…` path or a bind mount of one) instead of making a new one.
  package var path: String?
  package init(_ kind: Kind, path: String? = nil) {
    self.kind = kind
    self.path = path
  }
}

package struct IDMapping: Sendable, Equatable {
  package var container: UInt32
  package var host: UInt32
  package var size: UInt32
  package init(container: UInt32, host: UInt32, size: UInt32) {
    self.container = container
    self.host = host
    self.size = size
  }
}

/// One mount below the root, made in the child.
package struct MountPlan: Sendable, Equatable {
  /// `proc`, `tmpfs`, `bind`, `cgroup` (the launcher knows what the host's hierarchy needs), …
  package var type: String
  package var source: String
  /// A path inside the root; resolved so that no symbolic link leads outside it; made when missing.
  package var destination: String
  /// `MS_*` flags, among them `MS_BIND` and `MS_REC`.
  package var flags: UInt = 0
  /// `MS_PRIVATE`, `MS_RSLAVE`, …: set after the mount; 0 leaves it as it is.
  package var propagation: UInt = 0
  /// File system options, as for mount(2)'s data.
  package var data: String = ""
  /// Attributes set or cleared on the whole tree by mount_setattr(2): `rro`, `rnosuid`, … (`MOUNT_ATTR_*`).
  package var recursiveSet: UInt64 = 0
  package var recursiveClear: UInt64 = 0
  /// tmpfs only: copy what the image has at the destination into the new file system (`tmpcopyup`).
  package var copyUp = false
  /// Binds only: the read-only layers of an image (topmost first) whose union is bound; `source` is then only a name for messages.
  package var layers: [String] = []
  /// Binds of layers only: a directory with `upper` and `work` that takes what is changed; empty: the union can only be read.
  package var changes = ""
  /// Binds only: what is bound below the source; no symbolic link may lead out of that.
  package var subpath = ""
  /// Binds only: how owners are shown: `container` is the owner on disk, `host` the one that is shown. Both lists or none.
  package var uidMappings: [IDMapping] = []
  package var gidMappings: [IDMapping] = []
  package init(type: String, source: String, destination: String) {
    self.type = type
    self.source = source
    self.destination = destination
  }
}

package struct DevicePlan: Sendable, Equatable {
  package enum Kind: UInt8, Sendable { case character, block, fifo }
  package var path: String
  package var kind: Kind
  package var major: UInt32
  package var minor: UInt32
  package var mode: UInt32
  package var uid: UInt32 = 0
  package var gid: UInt32 = 0
  package init(path: String, kind: Kind, major: UInt32, minor: UInt32, mode: UInt32) {
    self.path = path
    self.kind = kind
    self.major = major
    self.minor = minor
    self.mode = mode
  }
}

/// The workload's control group: one path below every hierarchy's root, v1, v2 or hybrid.
package struct CgroupPlan: Sendable, Equatable {
  /// Absolute within the hierarchy: `/hull/<id>`.
  package var path: String
  package var resources = Resources()
  package init(path: String) { self.path = path }

  /// Limits; `nil` leaves the kernel's default. Units as in the OCI runtime specification, linux resources.
  package struct Resources: Sendable, Equatable {
    /// bytes; -1: no limit
    package var memory: Int64?
    /// bytes, memory and swap together; -1: no limit
    package var memorySwap: Int64?
    package var memoryReservation: Int64?
    package var swappiness: UInt64?
    package var oomKillDisable: Bool?
    /// v1 shares (2…262144); converted to a weight on v2
    package var cpuShares: UInt64?
    /// microseconds
    package var cpuQuota: Int64?
    /// microseconds
    package var cpuPeriod: UInt64?
    package var cpuRealtimeRuntime: Int64?
    package var cpuRealtimePeriod: UInt64?
    package var cpusetCpus: String?
    package var cpusetMems: String?
    /// -1: no limit
    package var pids: Int64?
    package var blkioWeight: UInt16?
    /// `8:0 1048576` lines for blkio.throttle.{read,write}_{bps,iops}_device
    package var throttleReadBps: [String] = []
    package var throttleWriteBps: [String] = []
    package var throttleReadIOPS: [String] = []
    package var throttleWriteIOPS: [String] = []
    package var hugepages: [Setting] = []
    /// Device rules in the order of the specification; on v1 lines for devices.allow/deny, on v2 a BPF program.
    package var devices: [DeviceRule] = []
    /// v2 files as they are
    package var unified: [Setting] = []
    package init() {}
  }

  package struct DeviceRule: Sendable, Equatable {
    package var allow: Bool
    /// `a`, `b` or `c`
    package var type: String
    /// `nil`: any
    package var major: Int64?
    package var minor: Int64?
    /// some of `rwm`
    package var access: String
    package init(allow: Bool, type: String, major: Int64?, minor: Int64?, access: String) {
      self.allow = allow
      self.type = type
      self.major = major
      self.minor = minor
      self.access = access
    }
  }
}

/// What is executed, as whom, and with what rights. Used for a workload's first process and for every exec.
package struct ProcessPlan: Sendable, Equatable {
  package var arguments: [String]
  /// `NAME=value`; HOME is added from the container's passwd file when missing.
  package var environment: [String]
  package var cwd: String = "/"
  package var user: UserPlan = .name("")
  package var terminal = false
  package var rows: UInt16 = 0
  package var columns: UInt16 = 0
  package var capabilities = CapabilitySets()
  package var noNewPrivileges = false
  package var rlimits: [Rlimit] = []
  /// A compiled classic BPF program (array of `struct sock_filter`), empty: none.
  package var seccompProgram: [UInt8] = []
  /// `SECCOMP_FILTER_FLAG_*`
  package var seccompFlags: UInt32 = 0
  package var oomScoreAdj: Int32?
  package var umask: UInt32?
  package var apparmorProfile: String?
  package var selinuxLabel: String?
  /// The process is killed when the thread that launched it ends (`PR_SET_PDEATHSIG`).
  package var dieWithParent = false
  /// How many of the launching process's descriptors, from 3 on, the process keeps (`--preserve-fds`).
  package var preservedDescriptors: UInt32 = 0
  package init(arguments: [String], environment: [String]) {
    self.arguments = arguments
    self.environment = environment
  }
}

package enum UserPlan: Sendable, Equatable {
  /// Docker's `USER[:GROUP]`, by name or number, looked up in the container's own /etc/passwd and /etc/group by the child; "" is root.
  /// Numbers and names listed in `additional` (docker `--group-add`) join the supplementary groups.
  case name(String, additional: [String] = [])
  case ids(uid: UInt32, gid: UInt32, additional: [UInt32])
}

/// Bit n is capability n of linux/capability.h.
package struct CapabilitySets: Sendable, Equatable {
  package var bounding: UInt64 = 0
  package var effective: UInt64 = 0
  package var permitted: UInt64 = 0
  package var inheritable: UInt64 = 0
  package var ambient: UInt64 = 0
  package init() {}
}

package struct Rlimit: Sendable, Equatable {
  /// `RLIMIT_*`
  package var resource: UInt32
  package var soft: UInt64
  package var hard: UInt64
  /// Asked for by the user: a refusal is an error. Otherwise it is a warning and the nearest allowed value is used.
  package var required: Bool
  package init(resource: UInt32, soft: UInt64, hard: UInt64, required: Bool) {
    self.resource = resource
    self.soft = soft
    self.hard = hard
    self.required = required
  }
}

/// OCI hooks (runtime specification, POSIX-platform hooks); each gets `state` on its standard input.
package struct HookPlan: Sendable, Equatable {
  package var prestart: [Hook] = []
  package var createRuntime: [Hook] = []
  package var createContainer: [Hook] = []
  package var startContainer: [Hook] = []
  package var poststart: [Hook] = []
  package var poststop: [Hook] = []
  /// The bundle and annotations that the hooks' state shows.
  package var bundle = ""
  package var annotations: [Setting] = []
  package init() {}

  package struct Hook: Sendable, Equatable {
    package var path: String
    package var arguments: [String]
    package var environment: [String]
    /// seconds
    package var timeout: Int32?
    package init(path: String, arguments: [String], environment: [String], timeout: Int32?) {
      self.path = path
      self.arguments = arguments
      self.environment = environment
      self.timeout = timeout
    }
  }
}
