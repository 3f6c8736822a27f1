// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

extension CgroupHierarchies {
  /// The one directory whose processes and children stand for the group: v2's, or v1's freezer or pids hierarchy.
  private func representative(_ path: String) -> String? {
    directory(path, controller: "freezer") ?? directory(path, controller: "pids") ?? directories(path).first
  }

  /// The processes in the group and in groups below it.
  package func processes(_ path: String) throws(HullError) -> [Int32] {
    try check(path)
    guard let directory = representative(path) else { return [] }
    guard access(directory, F_OK) == 0 else { throw HullError(.notFound, "no such control group: \(path)") }
    return Self.processes(in: directory)
  }

  static func processes(in directory: String) -> [Int32] {
    let own = ((try? Files.readText(directory + "/cgroup.procs", limit: 64 << 20)) ?? "").split(separator: "\n").compactMap { Int32($0) }
    return subdirectories(directory).reduce(own) { $0 + processes(in: $1) }
  }

  static func subdirectories(_ directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(directory + "/" + name) }
    }
    return names
  }

  /// Sends a signal to every process of the group and the groups below it.
  package func signal(_ number: Int32, to path: String) throws(HullError) {
    for pid in try processes(path) { kill(pid, number) }
  }

  /// Stops (or lets go) every process of the group; returns when all stand still.
  package func setFrozen(_ path: String, _ frozen: Bool) throws(HullError) {
    try check(path)
    let words = "\(frozen ? "freeze" : "thaw") control group \(path)"
    if isUnified {
      guard let directory = directory(path, controller: "") else { return }
      try step(words) { () throws(SystemError) in try Files.write(frozen ? "1" : "0", to: directory + "/cgroup.freeze") }
      let line = "frozen \(frozen ? 1 : 0)"
      return try awaitState(words) { (try? Files.readText(directory + "/cgroup.events"))?.split(separator: "\n").contains { $0 == line } ?? true }
    }
    guard let directory = directory(path, controller: "freezer") else {
      throw HullError(.unavailable, "this host has no freezer control groups: processes cannot be paused")
    }
    let state = frozen ? "FROZEN" : "THAWED"
    try step(words) { () throws(SystemError) in try Files.write(state, to: directory + "/freezer.state") }
    try awaitState(words) {
      let now = try? Files.readText(directory + "/freezer.state")
      // A process that forked meanwhile can keep the group at FREEZING: asking again catches the new one.
      if now == "FREEZING" { try? Files.write(state, to: directory + "/freezer.state") }
      return now == nil || now == state
    }
  }

  /// Asks until the kernel says so, with growing pauses, for at most two seconds.
  private func awaitState(_ words: String, _ isReached: () -> Bool) throws(HullError) {
    var pause: UInt32 = 50
    var waited: UInt32 = 0
    while !isReached() {
      guard waited < 2_000_000 else { throw HullError(.internalError, "\(words): the kernel does not report it done") }
      usleep(pause)
      waited += pause
      pause = min(pause * 2, 10_000)
    }
  }

  /// Kills what is left in the group and in groups below it and removes the directories. No group: no error.
  package func remove(_ path: String) throws(HullError) {
    try check(path)
    let directories = directories(path)
    var pause: UInt32 = 100
    var waited: UInt32 = 0
    while true {
      // Not one short of the other: a directory is only left for the next round when it is busy.
      let busy = directories.filter { !Self.removeTree($0) }
      if busy.isEmpty { return }
      guard waited < 5_000_000 else { throw HullError(.internalError, "cannot remove control group \(busy[0]): it is still in use") }
      killRemaining(path, in: busy)
      usleep(pause)
      waited += pause
      pause = min(pause * 2, 20_000)
    }
  }

  private func killRemaining(_ path: String, in directories: [String]) {
    for directory in directories {
      if isUnified && (try? Files.write("1", to: directory + "/cgroup.kill")) != nil { continue }
      for pid in Self.processes(in: directory) where pid != getpid() { kill(pid, SIGKILL) }
    }
    // Frozen processes do not die before they are let go (v1).
    if let freezer = isUnified ? nil : directory(path, controller: "freezer") { try? Files.write("THAWED", to: freezer + "/freezer.state") }
  }

  /// Removes a directory and those below it, deepest first. `false`: something is still in use.
  private static func removeTree(_ directory: String) -> Bool {
    if rmdir(directory) == 0 || errno == ENOENT { return true }
    for child in subdirectories(directory) where !removeTree(child) { return false }
    return rmdir(directory) == 0 || errno == ENOENT
  }
}
