// SPDX-License-Identifier: Apache-2.0
import Archive
import FoundationEssentials
import OCISpec

/// What a step's key is made from, by names that a person understands: what differs between two is why a step runs again.
struct StepIngredients: Codable, Sendable, Hashable {
  /// The instruction, expanded.
  var instruction: String
  /// Chain ID of the file system below; empty: none.
  var base: String
  /// Everything else that counts: arguments, environment, user, options.
  var settings: [String: String] = [:]
  /// Digests of files that come in, by source.
  var contents: [String: String] = [:]
  /// Of each file, for messages: not part of the key, for `contents` has it.
  var files: [String: String] = [:]

  var key: Digest {
    var lines = ["hull step 1", instruction, base]
    for (name, value) in settings.sorted(by: { $0.key < $1.key }) { lines += [name, value] }
    for (name, value) in contents.sorted(by: { $0.key < $1.key }) { lines += [name, value] }
    return SHA256.digest(of: lines.joined(separator: "\u{0}"))
  }

  var encoded: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return (try? encoder.encode(self)).map(Array.init) ?? []
  }

  init(instruction: String, base: Digest?) {
    self.instruction = instruction
    self.base = base?.description ?? ""
  }

  init?(encoded: [UInt8]) {
    guard let value = try? JSONDecoder().decode(StepIngredients.self, from: Data(encoded)) else { return nil }
    self = value
  }
}
