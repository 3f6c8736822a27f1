// SPDX-License-Identifier: Apache-2.0

/// Damages samples, the same way for the same seed.
struct Mutator {
  private var state: UInt64
  private static let interesting: [[UInt8]] = [
    [0], [0xff], [0x7f], [0x80], Array("/".utf8), Array("..".utf8), Array("../".utf8), Array("777777777777".utf8), Array("-1".utf8),
    Array(".wh.".utf8),
    Array("99999999999999999999".utf8), Array(repeating: 0xff, count: 8), Array("sha256:".utf8), Array("@".utf8), Array(":".utf8), Array("é".utf8),
    Array("\\\n".utf8), Array("\n".utf8), Array("\r\n".utf8), Array("<<EOF\n".utf8), Array("${".utf8), Array("\"".utf8),
    Array("'".utf8), Array("[\"".utf8), Array("--".utf8), Array("**/".utf8), Array("!".utf8), Array("$".utf8), Array("#".utf8),
  ]

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func mutate(_ samples: [[UInt8]]) -> [UInt8] {
    var bytes = samples[below(samples.count)]
    for _ in 0...below(6) { change(&bytes, samples) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], _ samples: [[UInt8]]) {
    guard !bytes.isEmpty else {
      bytes = samples[below(samples.count)]
      return
    }
    let at = position(bytes.count)
    switch below(9) {
    case 0: bytes[at] ^= 1 << UInt8(below(8))
    case 1: bytes[at] = UInt8(truncatingIfNeeded: next())
    case 2: overwrite(&bytes, at, Mutator.interesting[below(Mutator.interesting.count)])
    case 3: bytes.insert(contentsOf: Mutator.interesting[below(Mutator.interesting.count)], at: at)
    case 4: bytes.removeSubrange(at..<min(bytes.count, at + 1 + below(64)))
    case 5: bytes.removeSubrange(at...)
    case 6: copyBlock(&bytes, from: bytes)
    case 7: copyBlock(&bytes, from: samples[below(samples.count)])
    default:
      // Whole blocks out: what belonged together is torn apart.
      let block = at / 512 * 512
      bytes.removeSubrange(block..<min(bytes.count, block + 512 * (1 + below(3))))
    }
  }

  /// Often near the start of a 512-byte block, where headers are.
  private mutating func position(_ count: Int) -> Int {
    let at = below(count)
    return below(2) == 0 ? at : at / 512 * 512 + min(below(512), count - at / 512 * 512 - 1)
  }

  private func overwrite(_ bytes: inout [UInt8], _ at: Int, _ value: [UInt8]) {
    for (index, byte) in value.enumerated() where at + index < bytes.count { bytes[at + index] = byte }
  }

  private mutating func copyBlock(_ bytes: inout [UInt8], from other: [UInt8]) {
    guard !other.isEmpty else { return }
    let from = below(other.count) / 512 * 512
    let block = other[from..<min(other.count, from + 512 * (1 + below(4)))]
    bytes.insert(contentsOf: block, at: min(bytes.count, below(bytes.count + 1) / 512 * 512))
  }

  private mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }

  /// xorshift64*
  private mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_f491_4f6c_dd1d
  }
}
