// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc

/// What the daemon sets up around itself.
enum Process {
  /// As many descriptors as allowed (the soft limit is for programs that use select), few heaps (each thread would get its own), and
  /// large blocks apart from them: between small ones that live on they would leave holes.
  static func prepare() {
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    hull_limit_heaps(2)
    hull_return_large_blocks()
    umask(0o022)
  }

  /// Gives back what start-up needed and nobody will need again.
  static func trimHeap() { hull_trim_heap() }

  /// The shim's program: as given, otherwise the one beside this program.
  static func shim(_ given: String?) throws(HullError) -> String {
    var path = given ?? ""
    if given == nil {
      var own = [CChar](repeating: 0, count: Int(PATH_MAX))
      let length = max(0, readlink("/proc/self/exe", &own, own.count - 1))
      let program = String(decoding: own[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      path = program[...(program.lastIndex(of: "/") ?? program.startIndex)] + "hull-shim"
    }
    guard access(path, X_OK) == 0 else {
      throw HullError(.notFound, "cannot use the shim \(path): \(String(cString: strerror(errno))); name another with --shim PATH")
    }
    return path
  }

  static func writePID(to path: String) throws(HullError) {
    let text = "\(getpid())\n"
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw HullError(.internalError, "cannot write \(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    guard write(file, text, text.utf8.count) == text.utf8.count else {
      throw HullError(.internalError, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// Tells a service manager that listens (sd_notify(3)); without one nothing happens.
  static func notify(_ state: String) {
    guard let place = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), place.hasPrefix("/") || place.hasPrefix("@") else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var name = Array(place.utf8)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    if name[0] == UInt8(ascii: "@") { name[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let notifier = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard notifier >= 0 else { return }
    defer { close(notifier) }
    let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + name.count)
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = sendto(notifier, state, state.utf8.count, 0, $0, length) }
    }
  }
}

/// The group that may use the sockets.
enum SocketGroup {
  /// A group by name or number; without one `docker`, when there is such a group.
  static func find(_ given: String?) throws(HullError) -> gid_t? {
    if let number = given.flatMap({ gid_t($0) }) { return number }
    if let group = getgrnam(given ?? "docker") { return group.pointee.gr_gid }
    guard let given, !given.isEmpty else { return nil }
    throw HullError(.notFound, "unknown --group '\(given)': no such group")
  }
}
