// SPDX-License-Identifier: Apache-2.0
import CSeccomp

/// What filters may say here (for `features`).
extension Seccomp {
  /// The version of libseccomp that compiles.
  package static var libraryVersion: String {
    guard let version = seccomp_version()?.pointee else { return "unknown" }
    return "\(version.major).\(version.minor).\(version.micro)"
  }

  package static var knownActions: [String] { Action.names }
  package static var knownOperators: [String] { FilterContext.operators.keys.sorted() }

  package static var knownArchitectures: [String] {
    [
      "AARCH64", "ARM", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64", "MIPSEL64N32", "PPC", "PPC64", "PPC64LE", "RISCV64", "S390", "S390X",
      "X32", "X86", "X86_64",
    ].map { "SCMP_ARCH_" + $0 }
  }

  package static let knownFlags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"]
}
