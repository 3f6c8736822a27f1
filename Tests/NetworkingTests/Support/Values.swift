// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors

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

func address(_ text: String) -> IPAddress { IPAddress(text)! }
func prefix(_ text: String) -> IPPrefix { IPPrefix(text)! }

/// The code and message of the error that `body` throws; `nil` when it throws none.
func failure(_ body: () throws -> Void) -> (code: HullError.Code, message: String)? {
  do {
    try body()
    return nil
  } catch {
    guard let error = error as? HullError else { return nil }
    return (error.code, error.description)
  }
}
