// SPDX-License-Identifier: Apache-2.0
import Addressing
import LinuxSystem
import NamespaceSupport

@testable import Netlink

func address(_ text: String) -> IPAddress { IPAddress(text)! }
func prefix(_ text: String) -> IPPrefix { IPPrefix(text)! }

/// The error number of what `body` throws; 0 when it throws nothing.
func errorNumber(_ body: () throws -> Void) -> Int32 {
  do {
    try body()
    return 0
  } catch { return (error as? SystemError)?.number ?? -1 }
}

extension TestNamespace {
  /// Runs `body` with a socket in the namespace.
  @discardableResult
  func route<Result: Sendable>(_ body: @escaping @Sendable (RouteSocket) throws -> Result) throws -> Result { try run { try body(RouteSocket()) } }
}

/// The same numbers in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
