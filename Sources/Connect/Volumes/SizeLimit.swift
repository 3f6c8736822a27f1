// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// How much a volume may hold: a project quota where the file system counts projects (ext4 and xfs that are mounted with `prjquota`),
/// elsewhere an ext4 file system in a block file. Blocking.
package struct SizeLimit {
  private let directory: VolumeDirectory

  package init(_ directory: VolumeDirectory) { self.directory = directory }

  /// What keeps a volume to its size.
  package enum Kind: String, Sendable {
    case projectQuota = "project quota"
    case blockFile = "block file"
  }

  package var kind: Kind? {
    if access(blockFile, F_OK) == 0 { return .blockFile }
    return ProjectQuota.limit(of: directory.data) == nil ? nil : .projectQuota
  }

  private var blockFile: String { directory.path + "/_size.ext4" }

  /// Sets the limit of a new volume, in bytes.
  func make(_ size: Int64) throws(HullError) {
    guard size >= Self.smallest else {
      throw HullError(.invalidArgument, "a volume's size must be at least \(Self.smallest >> 20)m, which a file system needs for itself")
    }
    if kind != nil { return }
    if ProjectQuota.set(on: directory.data, bytes: UInt64(size)) { return }
    do { try makeBlockFile(size) } catch {
      unlink(blockFile)
      throw error
    }
  }

  /// A sparse file: it takes only what is written.
  private func makeBlockFile(_ size: Int64) throws(HullError) {
    try step("cannot make the block file of a volume") { () throws(SystemError) in
      let file = try Files.open(blockFile, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
      try checked("ftruncate \(blockFile)") { ftruncate(file.number, off_t(size)) }
    }
    guard let program = Self.formatters.first(where: { access($0, X_OK) == 0 }) else {
      throw HullError(
        .unsupported,
        "a volume's size cannot be limited here: the file system of \(directory.path) has no project quotas (mount it with prjquota), "
          + "and there is no mkfs.ext4 (install the package e2fsprogs)")
    }
    let status = try step("cannot format the block file of a volume") { () throws(SystemError) in
      let pid = try Subprocess.start(program, [program, "-q", "-F", "-m", "0", blockFile], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
      return try Processes.reap(pid)
    }
    guard status == 0 else { throw HullError(.internalError, "cannot format the block file of a volume: mkfs.ext4 ended with exit code \(status)") }
  }

  /// Mounts the block file, where there is one, on `_data`.
  func mount() throws(HullError) {
    guard access(blockFile, F_OK) == 0 else { return }
    do throws(SystemError) {
      let device = try LoopDevice(blockFile)
      try Mounts.mount(device.path, on: directory.data, type: "ext4", flags: MountFlag.noDev)
    } catch {
      throw HullError(
        .internalError, "failed to mount local volume: cannot mount \(blockFile)\(error.number == ENOENT ? " (load the module loop)" : "")",
        cause: error)
    }
    // Otherwise the volume would never count as empty.
    rmdir(directory.data + "/lost+found")
  }

  private static let smallest: Int64 = 1 << 20
  private static let formatters = ["/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4", "/usr/bin/mkfs.ext4", "/bin/mkfs.ext4"]
}

/// A file as a block device, kept until the last user of the device has gone.
private struct LoopDevice: ~Copyable {
  let path: String
  private let device: OwnedDescriptor

  /// One that is there is taken again: two devices with one file would spoil it.
  init(_ file: String) throws(SystemError) {
    if let path = Self.existing(file) {
      do {
        device = try Files.open(path, O_RDWR)
        self.path = path
        return
      } catch  where error.number != ENXIO { throw error } catch {}  // it is just being let go of
    }
    let backing = try Files.open(file, O_RDWR)
    var name = [CChar](repeating: 0, count: 64)
    device = OwnedDescriptor(try checked("attach a loop device") { hull_loop_attach(backing.number, &name, name.count) })
    path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func existing(_ file: String) -> String? {
    guard let real = realpath(file, nil) else { return nil }
    defer { free(real) }
    let path = String(cString: real)
    guard let stream = opendir("/sys/block") else { return nil }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasPrefix("loop"), (try? Files.readText("/sys/block/\(name)/loop/backing_file")) == path { return "/dev/\(name)" }
    }
    return nil
  }
}

/// Limits of a directory tree that the file system keeps itself. Blocking.
enum ProjectQuota {
  /// `false`: the file system cannot do it.
  static func set(on directory: String, bytes: UInt64) -> Bool {
    guard let place = try? Files.open(directory, O_RDONLY | O_DIRECTORY), let project = free(place.number) else { return false }
    guard hull_project_set(place.number, project) == 0 else { return false }
    if hull_project_limit(place.number, project, bytes) == 0 { return true }
    _ = hull_project_set(place.number, 0)
    return false
  }

  /// Bytes; `nil`: there is none.
  static func limit(of directory: String) -> UInt64? {
    guard let place = try? Files.open(directory, O_RDONLY | O_DIRECTORY) else { return nil }
    var project: UInt32 = 0
    var (used, limit): (UInt64, UInt64) = (0, 0)
    guard hull_project_get(place.number, &project) == 0, project != 0, hull_project_usage(place.number, project, &used, &limit) == 0, limit > 0
    else { return nil }
    return limit
  }

  /// Gives up the project's limit before its directory goes.
  static func clear(_ directory: String) {
    guard limit(of: directory) != nil, let place = try? Files.open(directory, O_RDONLY | O_DIRECTORY) else { return }
    var project: UInt32 = 0
    if hull_project_get(place.number, &project) == 0, project != 0 { _ = hull_project_limit(place.number, project, 0) }
  }

  /// A project that nothing belongs to; the directory's inode number is the first guess.
  private static func free(_ directory: Int32) -> UInt32? {
    guard let status = try? Files.status(of: directory) else { return nil }
    var project = max(UInt32(truncatingIfNeeded: status.st_ino), firstProject)
    for _ in 0..<mostGuesses {
      var (used, limit): (UInt64, UInt64) = (0, 0)
      if hull_project_usage(directory, project, &used, &limit) != 0 { return errno == ENOENT ? project : nil }
      if used == 0 && limit == 0 { return project }
      project = project == .max ? firstProject : project + 1
    }
    return nil
  }

  /// Lower ones are usually given by hand.
  private static let firstProject: UInt32 = 1 << 16
  private static let mostGuesses = 4096
}
