// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// BPF programs that decide which devices a v2 control group may use.
package enum DeviceFilter {
  /// Loads a `BPF_PROG_TYPE_CGROUP_DEVICE` program: instructions of 8 bytes.
  package static func load(_ instructions: [UInt64]) throws(SystemError) -> OwnedDescriptor {
    let program = instructions.withUnsafeBytes { hull_bpf_load_cgroup_device($0.baseAddress, UInt32(instructions.count), nil, 0) }
    if program >= 0 { return OwnedDescriptor(program) }
    let number = errno
    throw SystemError(number, "load the device filter\(number == EINVAL || number == EACCES ? complaint(about: instructions) : "")")
  }

  /// Puts `program` in the place of the device programs that the group has.
  package static func replace(_ cgroup: Int32, with program: Int32) throws(SystemError) {
    let before = try attached(cgroup)
    try checked("attach the device filter") { hull_bpf_attach_cgroup_device(cgroup, program) }
    for id in before {
      let old = OwnedDescriptor(try checked("open BPF program \(id)") { hull_bpf_program_by_id(id) })
      try checked("detach the old device filter") { hull_bpf_detach_cgroup_device(cgroup, old.number) }
    }
  }

  /// Identifiers of the group's own device programs.
  package static func attached(_ cgroup: Int32) throws(SystemError) -> [UInt32] {
    var ids = [UInt32](repeating: 0, count: 64)
    var count = UInt32(ids.count)
    try checked("query device filters") { hull_bpf_query_cgroup_device(cgroup, &ids, &count) }
    return Array(ids[..<min(Int(count), ids.count)])
  }

  private static func complaint(about instructions: [UInt64]) -> String {
    var log = [CChar](repeating: 0, count: 16 << 10)
    let program = instructions.withUnsafeBytes {
      hull_bpf_load_cgroup_device($0.baseAddress, UInt32(instructions.count), &log, UInt32(log.count))
    }
    if program >= 0 { close(program) }
    let text = log.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return text.isEmpty ? "" : " (\(String(decoding: text.suffix(200), as: UTF8.self)))"
  }
}
