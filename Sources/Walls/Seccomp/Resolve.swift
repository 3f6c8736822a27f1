// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import OCISpec

/// A Linux version as policies compare it: `6.1` is less than `6.18.44-generic`.
package struct KernelVersion: Comparable, Sendable {
  package var major: Int
  package var minor: Int

  package init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// Reads the first two numbers of a release as in `uname -r`.
  package init(_ text: String) throws(HullError) {
    let numbers = text.split(separator: ".", maxSplits: 2).prefix(2).map { Int($0.prefix { $0.isASCII && $0.isNumber }) }
    guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else {
      throw HullError(.invalidArgument, "\"\(text)\" is not a kernel version (major.minor)")
    }
    self.init(major: major, minor: minor)
  }

  package static func < (one: KernelVersion, other: KernelVersion) -> Bool { (one.major, one.minor) < (other.major, other.minor) }
}

extension Seccomp {
  /// What a policy's conditions are held against.
  package struct Host: Sendable, Equatable {
    /// The container's bounding set, names as `CAP_CHOWN`.
    package var capabilities: Set<String>
    /// Docker's name of the architecture: `amd64`, `arm64`, …
    package var architecture: String
    package var kernel: KernelVersion

    package init(capabilities: Set<String>, architecture: String, kernel: KernelVersion) {
      self.capabilities = capabilities
      self.architecture = architecture
      self.kernel = kernel
    }

    /// This machine.
    package static func current(capabilities: [String]) throws(HullError) -> Host {
      var name = utsname()
      uname(&name)
      let release = withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      return Host(capabilities: Set(capabilities), architecture: nativeArchitecture, kernel: try KernelVersion(release))
    }

    #if arch(x86_64)
      static let nativeArchitecture = "amd64"
    #elseif arch(arm64)
      static let nativeArchitecture = "arm64"
    #elseif arch(riscv64)
      static let nativeArchitecture = "riscv64"
    #elseif arch(s390x)
      static let nativeArchitecture = "s390x"
    #elseif arch(powerpc64le)
      static let nativeArchitecture = "ppc64le"
    #endif

    /// libseccomp's name of the architecture.
    var seccompName: String? {
      switch architecture {
      case "amd64": "SCMP_ARCH_X86_64"
      case "arm64": "SCMP_ARCH_AARCH64"
      case "riscv64": "SCMP_ARCH_RISCV64"
      case "s390x": "SCMP_ARCH_S390X"
      case "ppc64le": "SCMP_ARCH_PPC64LE"
      default: nil
      }
    }

    fileprivate func fits(includes filter: DockerProfile.Filter?) throws(HullError) -> Bool {
      guard let filter else { return true }
      if let arches = filter.arches, !arches.isEmpty, !arches.contains(architecture) { return false }
      if !(filter.caps ?? []).allSatisfy(capabilities.contains) { return false }
      if let version = filter.minKernel, kernel < (try KernelVersion(version)) { return false }
      return true
    }

    fileprivate func fits(excludes filter: DockerProfile.Filter?) throws(HullError) -> Bool {
      guard let filter else { return false }
      if (filter.arches ?? []).contains(architecture) { return true }
      if (filter.caps ?? []).contains(where: capabilities.contains) { return true }
      if let version = filter.minKernel, kernel >= (try KernelVersion(version)) { return true }
      return false
    }
  }
}

extension Seccomp.DockerProfile {
  /// The filter that this policy means on one host.
  package func resolve(_ host: Seccomp.Host) throws(HullError) -> RuntimeSpec.Seccomp {
    var filter = RuntimeSpec.Seccomp(defaultAction: defaultAction)
    filter.defaultErrnoRet = defaultErrnoRet
    filter.flags = flags
    filter.listenerPath = listenerPath
    filter.listenerMetadata = listenerMetadata
    filter.architectures = architectures
    if let map = (archMap ?? []).first(where: { $0.architecture == host.seccompName }) {
      filter.architectures = [map.architecture] + (map.subArchitectures ?? [])
    }
    var rules: [RuntimeSpec.SyscallRule] = []
    for rule in syscalls ?? [] where try host.fits(includes: rule.includes) {
      if try host.fits(excludes: rule.excludes) { continue }
      var resolved = RuntimeSpec.SyscallRule(names: rule.name.map { [$0] } ?? rule.names ?? [], action: rule.action)
      resolved.errnoRet = rule.errnoRet
      resolved.args = rule.args
      rules.append(resolved)
    }
    filter.syscalls = rules
    return filter
  }
}
