// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LaunchCompiler
import OCISpec
import Testing

@testable import Seccomp

@Suite struct SeccompTests {
  private func host(_ capabilities: [String], kernel: String = "6.1", architecture: String = "amd64") throws -> Seccomp.Host {
    Seccomp.Host(capabilities: Set(capabilities), architecture: architecture, kernel: try KernelVersion(kernel))
  }

  private func rules(_ filter: RuntimeSpec.Seccomp, of name: String) -> [RuntimeSpec.SyscallRule] {
    (filter.syscalls ?? []).filter { $0.names.contains(name) }
  }

  @Test func capabilitiesOpenCallsOfDockersDefault() throws {
    let profile = try Seccomp.DockerProfile.default.get()
    let plain = try profile.resolve(try host(DefaultSpec.capabilities))
    #expect(plain.defaultAction == "SCMP_ACT_ERRNO")
    #expect(plain.architectures == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"])
    #expect(rules(plain, of: "mount").isEmpty)
    #expect(rules(plain, of: "chroot").count == 1)
    #expect(rules(plain, of: "clone3").first?.errnoRet == 38)
    let admin = try profile.resolve(try host(DefaultSpec.capabilities + ["CAP_SYS_ADMIN"]))
    #expect(rules(admin, of: "mount").count == 1)
    #expect(rules(admin, of: "clone3").first?.action == "SCMP_ACT_ALLOW")
  }

  @Test func theKernelsVersionOpensPtrace() throws {
    let profile = try Seccomp.DockerProfile.default.get()
    #expect(rules(try profile.resolve(try host([], kernel: "4.7.1")), of: "ptrace").isEmpty)
    #expect(rules(try profile.resolve(try host([], kernel: "4.8")), of: "ptrace").count == 1)
    #expect(try KernelVersion("6.18.44-fc") > KernelVersion("6.9"))
    #expect(throws: HullError.self) { try KernelVersion("six") }
  }

  @Test func anotherArchitectureHasItsOwnCalls() throws {
    let arm = try Seccomp.DockerProfile.default.get().resolve(try host([], architecture: "arm64"))
    #expect(arm.architectures == ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"])
    #expect(rules(arm, of: "arch_prctl").isEmpty)
    #expect(rules(arm, of: "breakpoint").count == 1)
  }

  @Test func optionsOfDockerAreUnderstood() throws {
    #expect(try Seccomp.filter(option: "unconfined", capabilities: []) == nil)
    #expect(try Seccomp.filter(option: nil, capabilities: []) == Seccomp.defaultFilter(capabilities: []))
    let own = try Seccomp.filter(
      option: #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"mkdir","action":"SCMP_ACT_ERRNO"}]}"#, capabilities: [])
    #expect(own?.syscalls?.first?.names == ["mkdir"])
    for broken in [#"{"#, #"{"syscalls":[]}"#, #"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["x"],"archMap":[{"architecture":"y"}]}"#] {
      #expect(throws: HullError.self) { try Seccomp.filter(option: broken, capabilities: []) }
    }
  }

  @Test func unknownActionsOperatorsAndArchitecturesAreRefused() {
    var filter = RuntimeSpec.Seccomp(defaultAction: "SCMP_ACT_MAYBE")
    #expect(throws: HullError.self) { try Seccomp.compile(filter) }
    filter = RuntimeSpec.Seccomp(defaultAction: "SCMP_ACT_ALLOW")
    filter.architectures = ["SCMP_ARCH_PDP11"]
    #expect(throws: HullError.self) { try Seccomp.compile(filter) }
    filter.architectures = nil
    filter.syscalls = [RuntimeSpec.SyscallRule(names: ["mkdir"], action: "SCMP_ACT_ERRNO")]
    filter.syscalls?[0].args = [RuntimeSpec.SyscallArgument(index: 0, value: 1, op: "SCMP_CMP_NEARLY")]
    #expect(throws: HullError.self) { try Seccomp.compile(filter) }
    filter.syscalls?[0].args = [RuntimeSpec.SyscallArgument(index: 6, value: 1, op: "SCMP_CMP_EQ")]
    #expect(throws: HullError.self) { try Seccomp.compile(filter) }
  }

  @Test func callsThatTheLibraryDoesNotKnowAreLeftOut() throws {
    var filter = RuntimeSpec.Seccomp(defaultAction: "SCMP_ACT_ALLOW")
    let without = try Seccomp.compile(filter)
    filter.syscalls = [RuntimeSpec.SyscallRule(names: ["teleport"], action: "SCMP_ACT_ERRNO")]
    #expect(try Seccomp.compile(filter) == without)
  }

  #if arch(x86_64)
    /// `struct seccomp_data` by the interpreter below: what the kernel would answer.
    private func answer(_ program: [UInt8], call: UInt32, architecture: UInt32 = 0xc000_003e, argument: UInt64 = 0) -> UInt32 {
      var data = [UInt32](repeating: 0, count: 16)
      (data[0], data[1]) = (call, architecture)
      (data[4], data[5]) = (UInt32(truncatingIfNeeded: argument), UInt32(argument >> 32))
      return BPF.run(program, on: data)
    }

    @Test func theDefaultProgramAnswersAsDockers() throws {
      let program = try Seccomp.compile(try Seccomp.DockerProfile.default.get().resolve(try host(DefaultSpec.capabilities)))
      let (allow, eperm, enosys): (UInt32, UInt32, UInt32) = (0x7fff_0000, 0x5_0001, 0x5_0026)
      #expect(program.count / 8 < 4096)
      #expect(answer(program, call: 0) == allow)  // read
      #expect(answer(program, call: 165) == eperm)  // mount
      #expect(answer(program, call: 435) == enosys)  // clone3
      #expect(answer(program, call: 9999) == enosys)  // from the future
      #expect(answer(program, call: 56, argument: 0x11) == allow)  // clone of a plain process
      #expect(answer(program, call: 56, argument: 0x1000_0000) == eperm)  // clone of a user namespace
      #expect(answer(program, call: 41, argument: 38) == eperm)  // socket AF_ALG
      #expect(answer(program, call: 41, argument: 2) == allow)
      #expect(answer(program, call: 3, architecture: 0x4000_0003) == allow)  // i386 read
      #expect(answer(program, call: 9999, architecture: 0x4000_0003) == enosys)
      #expect(answer(program, call: 0x4000_0000) == allow)  // x32 read
      #expect(answer(program, call: 0x4000_0000 + 9999) == enosys)
      #expect(answer(program, call: 0, architecture: 0xc000_00b7) == 0)  // another machine's: killed
    }
  #endif

  @Test func flagsAreTranslated() throws {
    var filter = RuntimeSpec.Seccomp(defaultAction: "SCMP_ACT_ALLOW")
    #expect(try Seccomp.flags(filter) == 4)
    filter.flags = []
    #expect(try Seccomp.flags(filter) == 0)
    filter.flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"]
    #expect(try Seccomp.flags(filter) == 2)
    filter.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]
    #expect(throws: HullError.self) { try Seccomp.flags(filter) }
  }
}

/// The kernel's classic BPF, as far as filters use it.
enum BPF {
  static func run(_ program: [UInt8], on data: [UInt32]) -> UInt32 {
    var (at, accumulator) = (0, UInt32(0))
    while at * 8 + 8 <= program.count {
      let (code, yes, no, k) = program.withUnsafeBytes { bytes in
        (
          bytes.loadUnaligned(fromByteOffset: at * 8, as: UInt16.self), Int(bytes[at * 8 + 2]), Int(bytes[at * 8 + 3]),
          bytes.loadUnaligned(fromByteOffset: at * 8 + 4, as: UInt32.self)
        )
      }
      at += 1
      switch code {
      case 0x20: accumulator = data[Int(k / 4)]
      case 0x54: accumulator &= k
      case 0x05: at += Int(k)
      case 0x15: at += accumulator == k ? yes : no
      case 0x25: at += accumulator > k ? yes : no
      case 0x35: at += accumulator >= k ? yes : no
      case 0x45: at += accumulator & k != 0 ? yes : no
      case 0x06: return k
      default: return .max
      }
    }
    return .max
  }
}
