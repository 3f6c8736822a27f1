// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

extension CgroupHierarchies {
  /// Makes the group, with the groups above it, in every hierarchy. `false`: it was there before.
  package func make(_ path: String) throws(HullError) -> Bool {
    try check(path)
    var isNew = false
    for directory in directories(path) {
      let made = try step("create control group \(path)") { () throws(SystemError) in try makeGroup(directory) }
      isNew = isNew || made
    }
    if isUnified, let unified { try enableControllers(below: unified, for: path) }
    return isNew
  }

  /// Moves a process, with all its threads, into the group.
  package func add(_ pid: Int32, to path: String) throws(HullError) {
    try check(path)
    for directory in directories(path) {
      try step("move process \(pid) into control group \(path)") { () throws(SystemError) in
        try join(directory) { () throws(SystemError) in try Files.write("\(pid)", to: directory + "/cgroup.procs") }
      }
    }
  }

  /// Moves the calling process, which has one thread. On v1, a thread that moves itself through `tasks` need not wait until no process of
  /// the whole system is forking, which can take milliseconds.
  package func addSelf(to path: String) throws(HullError) {
    for directory in directories(path) {
      try step("enter control group \(path)") { () throws(SystemError) in
        try join(directory) { () throws(SystemError) in try Files.write("0", to: directory + (isUnified ? "/cgroup.procs" : "/tasks")) }
      }
    }
  }

  /// A v1 cpuset without processors refuses processes: it then gets those of the group above.
  private func join(_ directory: String, _ write: () throws(SystemError) -> Void) throws(SystemError) {
    do { try write() } catch  where error.number == ENOSPC && !isUnified {
      try inheritProcessors(directory)
      try write()
    }
  }

  private func makeGroup(_ directory: String) throws(SystemError) -> Bool {
    if mkdir(directory, 0o755) == 0 { return true }
    if errno == EEXIST { return false }
    guard errno == ENOENT, let slash = directory.lastIndex(of: "/") else { throw SystemError(errno, "mkdir \(directory)") }
    let above = String(directory[..<slash])
    if try makeGroup(above), isBelowCpuset(directory) {
      try inheritProcessors(above)
      try Files.write("1", to: above + "/cgroup.clone_children")
    }
    if mkdir(directory, 0o755) == 0 { return true }
    guard errno == EEXIST else { throw SystemError(errno, "mkdir \(directory)") }
    return false
  }

  private func isBelowCpuset(_ directory: String) -> Bool {
    legacy.contains { $0.controllers.contains("cpuset") && directory.hasPrefix($0.mountPoint + "/") }
  }

  /// Fills empty cpusets from the topmost filled one down.
  private func inheritProcessors(_ directory: String) throws(SystemError) {
    guard let hierarchy = legacy.first(where: { $0.controllers.contains("cpuset") }), directory.hasPrefix(hierarchy.mountPoint + "/"),
      let slash = directory.lastIndex(of: "/")
    else { return }
    let above = String(directory[..<slash])
    for file in ["/cpuset.cpus", "/cpuset.mems"] where try Files.readText(directory + file).isEmpty {
      if try Files.readText(above + file).isEmpty { try inheritProcessors(above) }
      try Files.write(try Files.readText(above + file), to: directory + file)
    }
  }

  /// v2: a controller works in a group when every group above lets it through.
  private func enableControllers(below root: String, for path: String) throws(HullError) {
    let available = list(root + "/cgroup.controllers")
    if Set(list(root + path + "/cgroup.controllers")).isSuperset(of: available) { return }
    var directory = root
    for part in path.split(separator: "/").dropLast() {
      enable(available, in: directory)
      directory += "/" + part
    }
    enable(available, in: directory)
  }

  /// A refusal is no failure here: a limit that needs a missing controller says so when it is set.
  private func enable(_ controllers: [String], in directory: String) {
    let missing = Set(controllers).subtracting(list(directory + "/cgroup.subtree_control"))
    if missing.isEmpty || (try? Files.write(missing.map { "+" + $0 }.joined(separator: " "), to: directory + "/cgroup.subtree_control")) != nil {
      return
    }
    for controller in missing { try? Files.write("+" + controller, to: directory + "/cgroup.subtree_control") }
  }

  private func list(_ path: String) -> [String] { ((try? Files.readText(path)) ?? "").split(separator: " ").map(String.init) }
}
