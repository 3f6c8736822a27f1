// SPDX-License-Identifier: Apache-2.0
import CLinux
import LinuxSystem
import OCISpec

/// What this machine's processor runs itself. Blocking.
package enum NativePlatforms {
  /// `PER_LINUX32`: only a processor that has 32-bit programs takes it, on arm64.
  private static let personality32: UInt = 8

  /// Whether programs for a platform need no help.
  package static func has(_ platform: Platform, on host: Platform = .host) -> Bool {
    guard platform.os == host.os else { return false }
    switch (host.architecture, platform.architecture) {
    case (let own, let wanted) where own == wanted: return true
    case ("amd64", "386"): return true
    case ("arm64", "arm"): return runs32Bit()
    default: return false
    }
  }

  /// The variants of the machine's own architecture that its processor has besides the plain one.
  package static func variants(of host: Platform = .host) -> [Platform] {
    guard host.architecture == "amd64", let text = try? Files.readText("/proc/cpuinfo") else { return [] }
    let line = text.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
    let flags = Set(line.split(separator: " ").map(String.init))
    return levels.prefix { flags.isSuperset(of: $0.flags) }.map { Platform(os: host.os, architecture: "amd64", variant: $0.name) }
  }

  /// x86-64 psABI, micro-architecture levels, in the kernel's names.
  private static let levels: [(name: String, flags: Set<String>)] = [
    ("v2", ["cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3"]),
    ("v3", ["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"]),
    ("v4", ["avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"]),
  ]

  private static func runs32Bit() -> Bool {
    let own = hull_personality(0xffff_ffff)
    guard own >= 0, hull_personality(personality32) >= 0 else { return false }
    _ = hull_personality(UInt(own))
    return true
  }
}
