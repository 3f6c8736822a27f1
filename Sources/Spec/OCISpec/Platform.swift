// SPDX-License-Identifier: Apache-2.0
import Errors

/// What an image runs on (OCI image index, `platform`), in Go's names: `linux`, `amd64`, `v8`.
package struct Platform: Sendable, Hashable, Codable, CustomStringConvertible {
  package var architecture: String
  package var os: String
  package var osVersion: String?
  package var osFeatures: [String]?
  package var variant: String?

  enum CodingKeys: String, CodingKey {
    case architecture, os, variant
    case osVersion = "os.version"
    case osFeatures = "os.features"
  }

  package init(os: String, architecture: String, variant: String? = nil) {
    (self.os, self.architecture, self.variant) = Platform.normalize(os: os, architecture: architecture, variant: variant)
  }

  /// Lenient: a missing name is empty, which matches nothing. The variant that arm64 has anyway is kept where it is written.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let written = try container.decodeIfPresent(String.self, forKey: .variant)
    self.init(
      os: try container.decodeIfPresent(String.self, forKey: .os) ?? "",
      architecture: try container.decodeIfPresent(String.self, forKey: .architecture) ?? "", variant: written)
    if architecture == "arm64", written == "v8" { variant = written }
    osVersion = try container.decodeIfPresent(String.self, forKey: .osVersion)
    osFeatures = try container.decodeIfPresent([String].self, forKey: .osFeatures)
  }

  /// Reads `OS`, `ARCH` or `OS/ARCH[/VARIANT]`, as `--platform` takes it; missing parts are the host's. A system may have its version and features
  /// behind it: `windows(10.0.20348+win32k)/amd64`.
  package init(parsing text: String) throws(HullError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (1...3).contains(parts.count), let system = SystemRelease(parts[0]), parts.dropFirst().allSatisfy(Platform.isName) else {
      throw HullError(.invalidArgument, "\(quoted(text)) is an invalid platform: use os/architecture[/variant], for example linux/amd64")
    }
    switch parts.count {
    case 1 where Platform.systems.contains(system.name.lowercased()):
      self.init(os: system.name, architecture: Platform.host.architecture, variant: Platform.host.variant)
    case 1 where !system.isPlain:
      throw HullError(.invalidArgument, "\(quoted(text)): unknown operating system: use os/architecture[/variant], for example linux/amd64")
    case 1: self.init(os: Platform.host.os, architecture: parts[0])
    case 2: self.init(os: system.name, architecture: parts[1])
    default: self.init(os: system.name, architecture: parts[1], variant: parts[2])
    }
    (osVersion, osFeatures) = (system.version, system.features)
  }

  /// Without what goes without saying: `linux/arm64` for `linux/arm64/v8`.
  package var normalized: Platform {
    var result = self
    (result.os, result.architecture, result.variant) = Platform.normalize(os: os, architecture: architecture, variant: variant)
    return result
  }

  /// `os[(version[+feature…])]/architecture[/variant]`
  package var description: String {
    ([SystemRelease(os, osVersion, osFeatures).description, architecture] + (variant.map { [$0] } ?? [])).joined(separator: "/")
  }

  /// What no machine is: of manifests that are no images.
  package static let unknown = Platform(os: "unknown", architecture: "unknown")

  /// The machine this program was built for.
  package static var host: Platform {
    #if arch(x86_64)
      Platform(os: "linux", architecture: "amd64")
    #elseif arch(arm64)
      Platform(os: "linux", architecture: "arm64")
    #elseif arch(arm)
      Platform(os: "linux", architecture: "arm", variant: "v7")
    #elseif arch(riscv64)
      Platform(os: "linux", architecture: "riscv64")
    #elseif arch(s390x)
      Platform(os: "linux", architecture: "s390x")
    #elseif arch(powerpc64le)
      Platform(os: "linux", architecture: "ppc64le")
    #else
      Platform(os: "linux", architecture: "unknown")
    #endif
  }

  /// How well an image for `self` suits a machine of `wanted`: `nil` not at all, otherwise smaller is better.
  package func distance(to wanted: Platform) -> Int? {
    guard let release = releaseDistance(to: wanted) else { return nil }
    return machineDistance(to: wanted).map { $0 + release }
  }

  /// Only Windows asks for its own version: its images run on the release that they were made for, and on newer ones from Server 2022 on.
  private func releaseDistance(to wanted: Platform) -> Int? {
    guard os == "windows", wanted.os == os, let have = WindowsRelease(osVersion), let want = WindowsRelease(wanted.osVersion) else { return 0 }
    return have.distance(to: want)
  }

  private func machineDistance(to wanted: Platform) -> Int? {
    if os == wanted.os, architecture == wanted.architecture {
      if variant == wanted.variant { return 0 }
      guard let have = level, let want = wanted.level else { return variant == nil || wanted.variant == nil ? 1 : nil }
      return have == want ? 0 : have < want ? 1 + want - have : nil
    }
    if os == wanted.os, wanted.architecture == "arm64", architecture == "arm" { return 20 - (level ?? 0) }
    if os == wanted.os, wanted.architecture == "amd64", architecture == "386" { return 30 }
    return nil
  }

  /// What the variant demands of a processor, or what the architecture means without one.
  private var level: Int? {
    guard let variant else { return Platform.basicLevels[architecture] }
    return variant.hasPrefix("v") ? Int(variant.dropFirst()) : nil
  }

  private static let basicLevels = ["amd64": 1, "arm64": 8, "arm": 7]

  private static let systems: Set<String> = ["linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "solaris", "android", "wasip1"]

  static func isName(_ part: String) -> Bool {
    !part.isEmpty && part.utf8.count <= 64
      && part.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-.".unicodeScalars.contains($0))
      }
  }

  private static func normalize(os: String, architecture: String, variant: String?) -> (String, String, String?) {
    var os = os.lowercased()
    if os == "macos" { os = "darwin" }
    let variant = variant.flatMap { $0.isEmpty ? nil : $0.lowercased() }
    switch architecture.lowercased() {
    case "x86_64", "x86-64", "amd64": return (os, "amd64", variant == "v1" ? nil : variant)
    case "i386", "i686", "386": return (os, "386", nil)
    case "aarch64", "arm64": return (os, "arm64", variant == "8" || variant == "v8" ? nil : variant)
    case "armhf": return (os, "arm", "v7")
    case "armel": return (os, "arm", "v6")
    case "arm": return (os, "arm", variant.map { $0.hasPrefix("v") ? $0 : "v\($0)" } ?? "v7")
    case let other: return (os, other, variant)
    }
  }
}
