// SPDX-License-Identifier: Apache-2.0
import CSeccomp
import Errors
import Glibc
import OCISpec

/// One filter under construction in libseccomp.
final class FilterContext {
  private let context: scmp_filter_ctx
  /// libseccomp's tokens, the native one first.
  private(set) var architectures: [UInt32] = [seccomp_arch_native()]

  init(default action: Action) throws(HullError) {
    guard let context = seccomp_init(action.value) else {
      throw HullError(.invalidArgument, "libseccomp refuses the default action \(action.value)")
    }
    self.context = context
    // The launcher sets no_new_privs itself, where the plan asks for it; a filter must not depend on it.
    _ = seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0)
    // A binary tree instead of a chain: the kernel walks the filter once per system call number when it is installed.
    _ = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
  }

  deinit { seccomp_release(context) }

  /// Adds `SCMP_ARCH_…` names; those the host's libseccomp does not know are an error, as with runc.
  func add(architectures names: [String]) throws(HullError) {
    for name in names {
      let prefix = "SCMP_ARCH_"
      let token = name.hasPrefix(prefix) ? seccomp_arch_resolve_name(name.dropFirst(prefix.count).lowercased()) : 0
      guard token != 0 else { throw HullError(.invalidArgument, "seccomp architecture \"\(name)\" is not known") }
      guard !architectures.contains(token) else { continue }
      let result = seccomp_arch_add(context, token)
      guard result == 0 || result == -EEXIST else { throw failure("adding architecture \(name)", result) }
      architectures.append(token)
    }
  }

  func add(_ name: String, action: Action, arguments: [RuntimeSpec.SyscallArgument]) throws(HullError) {
    let number = seccomp_syscall_resolve_name(name)
    guard number != -1 else { return }
    let conditions = try arguments.map { (argument) throws(HullError) in try comparison(argument, of: name) }
    let distinct = Set(conditions.map(\.arg)).count == conditions.count
    // Several conditions on one argument are alternatives (runc's reading, that profiles rely on); otherwise all must hold.
    for set in distinct ? [conditions] : conditions.map({ [$0] }) {
      let result = seccomp_rule_add_array(context, action.value, number, UInt32(set.count), set)
      guard result == 0 else { throw failure("adding a rule for \(name)", result) }
    }
  }

  private func comparison(_ argument: RuntimeSpec.SyscallArgument, of name: String) throws(HullError) -> scmp_arg_cmp {
    guard argument.index < 6 else {
      throw HullError(.invalidArgument, "seccomp rule for \(name): argument index \(argument.index) is out of range (0…5)")
    }
    guard let compare = Self.operators[argument.op] else {
      throw HullError(.invalidArgument, "seccomp rule for \(name): operator \"\(argument.op)\" is not known")
    }
    return scmp_arg_cmp(arg: argument.index, op: compare, datum_a: argument.value, datum_b: argument.valueTwo ?? 0)
  }

  static let operators: [String: scmp_compare] = [
    "SCMP_CMP_NE": SCMP_CMP_NE, "SCMP_CMP_LT": SCMP_CMP_LT, "SCMP_CMP_LE": SCMP_CMP_LE, "SCMP_CMP_EQ": SCMP_CMP_EQ,
    "SCMP_CMP_GE": SCMP_CMP_GE, "SCMP_CMP_GT": SCMP_CMP_GT, "SCMP_CMP_MASKED_EQ": SCMP_CMP_MASKED_EQ,
  ]

  /// The finished program.
  func export() throws(HullError) -> [UInt8] {
    let file = seccomp_memory_file()
    guard file >= 0 else { throw failure("memfd_create", -errno) }
    defer { close(file) }
    let result = seccomp_export_bpf(context, file)
    guard result == 0 else { throw failure("exporting the program", result) }
    let size = Int(lseek(file, 0, SEEK_END))
    guard size > 0, size % 8 == 0 else { throw failure("exporting the program", -EIO) }
    let code = [UInt8](unsafeUninitializedCapacity: size) { $1 = max(0, pread(file, $0.baseAddress, size, 0)) }
    guard code.count == size else { throw failure("reading the program", -EIO) }
    return code
  }

  private func failure(_ step: String, _ result: Int32) -> HullError {
    HullError(.internalError, "seccomp: \(step): \(String(cString: strerror(-result)))")
  }
}
