// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// The containers under one `--root`: a directory each.
struct Store: Sendable {
  let root: String

  /// Refuses names that could leave the root or hide in it.
  static func validate(id: String) throws(HullError) {
    guard !id.isEmpty else { throw HullError(.invalidArgument, "container id cannot be empty") }
    let allowed = id.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard allowed, id.utf8.count <= 255, !id.hasPrefix(".") else { throw HullError(.invalidArgument, "invalid container ID format: \"\(id)\"") }
  }

  func directory(_ id: String) -> String { root + "/" + id }

  func container(_ id: String) throws(HullError) -> Container {
    try Self.validate(id: id)
    do throws(HullError) {
      return try Container(id: id, directory: directory(id))
    } catch  where error.code == .notFound {
      throw HullError(.notFound, "container \"\(id)\" does not exist")
    }
  }

  /// The containers with a readable state, by name.
  func containers() throws(HullError) -> [Container] {
    try StateFiles.names(in: root).compactMap { id in
      guard (try? Self.validate(id: id)) != nil else { return nil }
      return try? Container(id: id, directory: directory(id))
    }
  }

  /// Makes the directory of a new container.
  func makeDirectory(_ id: String) throws(HullError) {
    try Self.validate(id: id)
    do {
      try Files.makeDirectories(root, mode: 0o711)
      try checked("mkdir \(directory(id))") { mkdir(directory(id), 0o711) }
    } catch  where error.number == EEXIST {
      throw HullError(.conflict, "container with id \"\(id)\" exists: container with given ID already exists")
    } catch {
      throw HullError(.internalError, error.description)
    }
  }

  /// Removes a container's directory with everything in it (files only: nothing else is ever made there).
  func removeDirectory(_ id: String) throws(HullError) {
    let path = directory(id)
    guard StateFiles.exists(path) else { return }
    for name in try StateFiles.names(in: path) { unlink(path + "/" + name) }
    try system { () throws(SystemError) in
      do throws(SystemError) { try checked("rmdir \(path)") { rmdir(path) } } catch  where error.number == ENOENT {}
    }
  }
}

/// Exclusive use of one container: of several commands about it, one at a time changes it. Ends with the value, or with the process.
struct StateLock: ~Copyable {
  private let file: OwnedDescriptor

  /// - Parameter seconds: how long to wait for another command to finish.
  init(_ directory: String, seconds: Int = 10) throws(HullError) {
    let file = try system { () throws(SystemError) in try Files.open(directory + "/lock", O_RDWR | O_CREAT, mode: 0o600) }
    var wish = flock()
    wish.l_type = Int16(F_WRLCK)
    // A record lock belongs to this process alone: the container's, which is forked from it, does not inherit it.
    for _ in 0..<(seconds * 200) {
      if fcntl(file.number, F_SETLK, &wish) == 0 {
        self.file = file
        return
      }
      guard errno == EAGAIN || errno == EACCES || errno == EINTR else { break }
      usleep(5000)
    }
    let name = StateFiles.split(directory).name
    throw HullError(.conflict, "container \(name) is being changed by another command", cause: SystemError(errno, "lock"))
  }
}
