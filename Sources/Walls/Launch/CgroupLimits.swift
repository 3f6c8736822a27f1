// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

extension CgroupHierarchies {
  /// Sets limits of an existing group; what is `nil` or empty stays as it is. Returns warnings for what this host cannot do.
  package func apply(_ resources: CgroupPlan.Resources, to path: String) throws(HullError) -> [String] {
    try check(path)
    var writer = CgroupLimitWriter(hierarchies: self, path: path)
    if isUnified { try writer.applyUnified(resources) } else { try writer.applyLegacy(resources) }
    return writer.warnings
  }
}

/// Writes limits into a group's files and collects what the host cannot do.
struct CgroupLimitWriter {
  let hierarchies: CgroupHierarchies
  let path: String
  private(set) var warnings: [String] = []

  init(hierarchies: CgroupHierarchies, path: String) {
    self.hierarchies = hierarchies
    self.path = path
  }

  func file(_ controller: String, _ name: String) -> String? { hierarchies.directory(path, controller: controller).map { $0 + "/" + name } }

  func exists(_ controller: String, _ name: String) -> Bool { file(controller, name).map { access($0, F_OK) == 0 } ?? false }

  mutating func warn(_ text: String) { warnings.append(text) }

  /// Writes a value; a controller the host lacks is a warning, a refused value an error.
  mutating func set(_ controller: String, _ name: String, _ value: String) throws(HullError) {
    do { try tryToSet(controller, name, value) } catch {
      if error.number == ENOENT {
        return warn("this host's \(controller) control groups have no \(name): the limit \(value) was ignored")
      }
      throw refusal(controller, name, value, error)
    }
  }

  func tryToSet(_ controller: String, _ name: String, _ value: String) throws(SystemError) {
    guard let file = file(controller, name) else { throw SystemError(ENOENT, name) }
    try Files.write(value, to: file)
  }

  func refusal(_ controller: String, _ name: String, _ value: String, _ error: SystemError) -> HullError {
    if error.number == EBUSY, name.hasPrefix("memory.") {
      let usage = read(controller, hierarchies.isUnified ? "memory.current" : "memory.usage_in_bytes")
      return HullError(
        .conflict, "unable to set memory limit to \(value) (current usage: \(usage ?? "unknown")) of control group \(path)", cause: error)
    }
    return HullError(.invalidArgument, "cannot set \(name) of control group \(path) to \"\(value)\"", cause: error)
  }

  func read(_ controller: String, _ name: String) -> String? { file(controller, name).flatMap { try? Files.readText($0) } }

  mutating func lines(_ controller: String, _ name: String, _ values: [String]) throws(HullError) {
    for value in values { try set(controller, name, value) }
  }

  /// Names that come from a user must stay files of the group.
  func checkName(_ name: String) throws(HullError) {
    guard !name.isEmpty, !name.contains("/"), name.contains("."), !name.hasPrefix(".") else {
      throw HullError(.invalidArgument, "invalid control group file \"\(name)\"")
    }
  }
}
