// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// How programs for other machines run here: qemu's user emulators, found on the host. Blocking.
package struct Emulators: Sendable {
  /// What it takes to run a platform's programs.
  package enum Treatment: Sendable, Equatable {
    /// Nothing: the processor runs them, or the host's binfmt_misc has a handler that works in containers.
    case none
    /// A rule for a binfmt_misc of the workload's own.
    case rule(String)
  }

  private static let defaultDirectories = ["/usr/bin", "/usr/local/bin"]
  /// The first kernel whose user namespaces have a binfmt_misc of their own.
  private static let neededKernel = (6, 7)

  private let directories: [String]
  private let host: Platform
  private let handlers: HostHandlers
  private let kernel: String

  /// What is there now.
  /// - Parameters:
  ///   - directories: where emulators are looked for.
  ///   - kernel: its release, `6.7.1`.
  package init(directories: [String] = Emulators.defaultDirectories, host: Platform = .host, kernel: String? = nil) {
    self.init(directories: directories, host: host, handlers: HostHandlers(), kernel: kernel)
  }

  init(directories: [String], host: Platform, handlers: HostHandlers, kernel: String?) {
    self.directories = directories
    self.host = host
    self.handlers = handlers
    self.kernel = kernel ?? (try? Files.readText("/proc/sys/kernel/osrelease")).map { $0.filter { $0 != "\n" } } ?? ""
  }

  /// What a platform needs. Throws `unsupported` when it cannot be run here, saying what to install.
  package func treatment(of platform: Platform) throws(HullError) -> Treatment {
    if NativePlatforms.has(platform, on: host) { return .none }
    let failure = "cannot run programs for \(platform.normalized) on this \(host.normalized) machine"
    guard platform.os == host.os, let machine = Machine.named(platform.architecture) else {
      throw HullError(.unsupported, "\(failure): there is no emulator for it")
    }
    if handlers.take(machine) { return .none }
    guard let interpreter = interpreter(machine) else {
      throw HullError(
        .unsupported,
        "\(failure): \(directories[0])/qemu-\(machine.emulator)-static is not there: install the package qemu-user-static")
    }
    guard hasOwnInstances else {
      throw HullError(
        .unsupported,
        "\(failure): Linux \(kernel) has one binfmt_misc for all, Linux 6.7 and newer one for each user namespace: "
          + "register the emulators with the host's, for example by installing the package binfmt-support")
    }
    return .rule(machine.rule(interpreter: interpreter))
  }

  /// Everything that can be run: the machine's own platform first.
  package func platforms() -> [Platform] {
    let others = Machine.all.flatMap { machine -> [Platform] in
      let variants: [String?] = machine.architecture == "arm" ? ["v7", "v6"] : [nil]
      return variants.map { Platform(os: host.os, architecture: machine.architecture, variant: $0) }
    }
    let own = [host.normalized] + NativePlatforms.variants(of: host)
    return own + others.filter { !own.contains($0) && (try? treatment(of: $0)) != nil }
  }

  private func interpreter(_ machine: Machine) -> String? {
    let candidates = ["-static", ""].flatMap { ending in directories.map { "\($0)/qemu-\(machine.emulator)\(ending)" } }
    return candidates.first { StaticProgram.isAt($0) }
  }

  private var hasOwnInstances: Bool {
    let numbers = kernel.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return numbers.count == 2 && (numbers[0], numbers[1]) >= Emulators.neededKernel
  }
}
