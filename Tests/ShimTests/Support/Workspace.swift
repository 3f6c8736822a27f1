// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc
import Launch
import ShimProtocol

/// A directory with a busybox root file system, removed with the object.
final class Workspace {
  let path: String
  /// The statically linked busybox that the tests run.
  static let busybox = "/bin/busybox"

  init() throws {
    path = NSTemporaryDirectory() + "hull-shim-test-\(UUID().uuidString.prefix(8))"
    for directory in ["root/bin", "root/proc", "root/dev", "root/tmp", "root/etc", "root/sys", "run"] {
      try FileManager.default.createDirectory(atPath: "\(path)/\(directory)", withIntermediateDirectories: true)
    }
    try Workspace.copyBusybox(to: "\(path)/root/bin/busybox")
    for applet in [
      "sh", "cat", "echo", "sleep", "true", "false", "stty", "dd", "yes", "head", "ls", "env", "id", "kill", "tty", "seq", "printf", "tr", "grep",
      "wc", "hostname",
      "setsid",
    ] {
      try FileManager.default.createSymbolicLink(atPath: "\(path)/root/bin/\(applet)", withDestinationPath: "busybox")
    }
    try "root:x:0:0:root:/:/bin/sh\n".write(toFile: "\(path)/root/etc/passwd", atomically: false, encoding: .utf8)
  }

  /// By another process: what another test forks meanwhile would inherit the file while it is written, and then nobody can run it.
  private static func copyBusybox(to path: String) throws {
    let copy = try Process.run(URL(filePath: "/bin/cp"), arguments: [busybox, path])
    copy.waitUntilExit()
    guard copy.terminationStatus == 0 else { throw HullError(.internalError, "cannot copy \(busybox) to \(path)") }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var runDirectory: String { path + "/run" }
  var logPath: String { path + "/container-json.log" }

  /// The busybox root as the lowest layer of a union, with a directory of its own for what is written.
  func unionRoot() throws -> RootPlan {
    for directory in ["layer", "upper", "work", "merged"] {
      try FileManager.default.createDirectory(atPath: "\(path)/\(directory)", withIntermediateDirectories: true)
    }
    try "from a layer\n".write(toFile: "\(path)/layer/marker", atomically: false, encoding: .utf8)
    return RootPlan(
      source: .overlay(lower: ["\(path)/layer", "\(path)/root"], upper: "\(path)/upper", work: "\(path)/work"), mountPoint: "\(path)/merged",
      propagation: UInt(privateMount | recursiveMount))
  }

  /// A container much like Docker's: namespaces of its own, /proc, /dev with a devpts, a control group.
  func plan(_ id: String, _ arguments: [String], pidNamespace: Bool = true, terminal: Bool = false) -> LaunchPlan {
    var process = ProcessPlan(arguments: arguments, environment: ["PATH=/bin", "TERM=xterm"])
    process.terminal = terminal
    process.capabilities.bounding = 0xFF_FFFF_FFFF
    process.capabilities.effective = 0xFF_FFFF_FFFF
    process.capabilities.permitted = 0xFF_FFFF_FFFF
    var root = RootPlan(source: .directory(path + "/root"), mountPoint: path + "/root", propagation: UInt(privateMount | recursiveMount))
    root.readonly = false
    let kinds: [NamespacePlan.Kind] = (pidNamespace ? [.pid] : []) + [.mount, .ipc, .uts, .network]
    var plan = LaunchPlan(id: id, root: root, namespaces: kinds.map { NamespacePlan($0) }, process: process)
    plan.hostname = id
    plan.mounts = [MountPlan(type: "proc", source: "proc", destination: "/proc")]
    var dev = MountPlan(type: "tmpfs", source: "tmpfs", destination: "/dev")
    dev.data = "mode=755,size=65536k"
    var pts = MountPlan(type: "devpts", source: "devpts", destination: "/dev/pts")
    pts.data = "newinstance,ptmxmode=0666,mode=0620"
    plan.mounts += [dev, pts]
    for (name, minor) in [("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)] {
      plan.devices.append(DevicePlan(path: "/dev/\(name)", kind: .character, major: 1, minor: UInt32(minor), mode: 0o666))
    }
    plan.devices.append(DevicePlan(path: "/dev/tty", kind: .character, major: 5, minor: 0, mode: 0o666))
    plan.cgroup = CgroupPlan(path: "/hull-shim-test-\(id)")
    return plan
  }
}

/// `MS_PRIVATE` and `MS_REC` of mount(2), which the C library's module does not have as numbers.
private let privateMount = 1 << 18
private let recursiveMount = 16384
