// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Emulation
import Errors
import Launch
import OCISpec
import Threads

/// A container for another machine than this one: its programs run through an emulator of the host's.
struct ForeignPrograms: Sendable {
  /// As the image has it: `linux/arm64`.
  let platform: String

  /// Puts into the plan what the platform needs; nothing for the machine's own. Blocking.
  /// - Parameter runtime: whose launcher runs it; `nil`: the engine's own.
  func complete(_ plan: inout LaunchPlan, runtime: String?) throws(HullError) {
    // Images that do not say what they are for are taken for this machine's.
    guard let platform = try? Platform(parsing: self.platform), !NativePlatforms.has(platform),
      case .rule(let rule) = try Emulators().treatment(of: platform)
    else { return }
    guard runtime == nil else {
      throw HullError(
        .unsupported,
        "runtime \(runtime ?? "") cannot run programs for \(platform.normalized): use --runtime \(builtinRuntime), or register the emulator with the "
          + "host's binfmt_misc")
    }
    plan.namespaces.append(NamespacePlan(.user))
    // Every ID stands for itself: what the container writes is owned as anybody else's would be.
    plan.uidMappings = [IDMapping(container: 0, host: 0, size: .max)]
    plan.gidMappings = plan.uidMappings
    plan.binaryFormats = [rule]
  }

  /// Docker's warning for an image that nobody asked to be for another platform.
  static func warning(_ image: Platform) -> String? {
    guard !image.architecture.isEmpty, !NativePlatforms.has(image) else { return nil }
    return
      "The requested image's platform (\(image)) does not match the detected host platform (\(Platform.host)) and no specific platform was requested"
  }
}

extension Engine {
  /// Platforms whose programs run here, the machine's own first.
  package func platforms() async -> [Platform] { await (try? Blocking.run { Emulators().platforms() }) ?? [.host] }
}
