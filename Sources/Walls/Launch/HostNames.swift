// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// What the host's kernel calls things.
enum HostNames {
  static func setHost(_ name: String) throws(SystemError) { try checked("sethostname") { hull_sethostname(name, name.utf8.count) } }
  static func setDomain(_ name: String) throws(SystemError) { try checked("setdomainname") { hull_setdomainname(name, name.utf8.count) } }

  /// The caller's pid as the mounted proc, the host's, numbers it; the container's pid namespace has another.
  static func hostPid() -> Int32 { (try? Files.readLink("/proc/self")).flatMap { Int32($0) } ?? getpid() }
}

/// Kernel parameters of the namespaces the process is in.
enum SysctlWriter {
  /// To be called while `/proc` can be written to.
  static func write(_ settings: [Setting]) throws(HullError) {
    if settings.isEmpty { return }
    let directory = try step("set sysctls") { () throws(SystemError) in try Files.open("/proc/sys", OpenFlag.path | O_DIRECTORY) }
    for setting in settings {
      try step("set sysctl \(setting.name) to \"\(setting.value)\"") { () throws(SystemError) in
        let flags = UInt64(O_WRONLY | O_CLOEXEC)
        let file = OwnedDescriptor(
          try checked("open") { hull_openat2(directory.number, path(setting.name), flags, 0, Resolve.beneath | Resolve.noSymbolicLinks) })
        try Files.writeAll(file.number, Array(setting.value.utf8))
      }
    }
  }

  /// As sysctl(8): whichever of `.` and `/` comes first separates, and the other stands for the first inside a name.
  static func path(_ name: String) -> String {
    guard name.first(where: { $0 == "." || $0 == "/" }) == "." else { return name }
    return String(name.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 })
  }
}
