// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// The instance of binfmt_misc that belongs to the workload's user namespace; the host's stays as it is.
enum BinaryFormats {
  /// Where programs look for it.
  private static let place = "proc/sys/fs/binfmt_misc"

  /// Makes the instance and registers what the plan has. To be called inside the user namespace, while paths are still the host's.
  /// - Returns: a mount that is attached nowhere: when the last one goes, the kernel forgets the handlers.
  static func make(_ rules: [String]) throws(HullError) -> OwnedDescriptor {
    let instance = try mount()
    for rule in rules {
      try step("register a handler for programs of another machine (\(rule))") { () throws(SystemError) in
        let register = try Files.open("register", O_WRONLY, at: instance.number)
        try Files.writeAll(register.number, Array(rule.utf8), name: "register")
      }
    }
    return instance
  }

  private static func mount() throws(HullError) -> OwnedDescriptor {
    do throws(SystemError) {
      let attributes = MountAttribute.noSuid | MountAttribute.noDev | MountAttribute.noExec
      return try FileSystemContext("binfmt_misc").mount(attributes: attributes)
    } catch  where error.number == EPERM || error.number == ENODEV {
      throw HullError(
        .unsupported,
        "this kernel has no binfmt_misc for a user namespace: use Linux 6.7 or newer, or register the emulator with the host's binfmt_misc",
        cause: error)
    } catch { throw HullError("mount binfmt_misc", error) }
  }

  /// Shows the instance, for reading, in the container's `/proc`.
  static func attach(_ instance: Int32, root: Int32) throws(HullError) {
    try step("mount binfmt_misc on /\(place)") { () throws(SystemError) in
      let target = try InRoot.open(root, place, OpenFlag.path | O_DIRECTORY)
      guard try Files.fileSystemType(of: target.number) == FileSystemType.proc else { throw SystemError(ENOTDIR, "the place is not in a proc") }
      try Mounts.setAttributes(instance, set: MountAttribute.readOnly)
      try Mounts.attach(instance, onto: target.number)
    }
  }
}
