// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// `ARG`s before the first `FROM`, as `FROM` and stages of one platform see them, and what is there without being declared. A word that cannot be expanded
/// is an error here; what only reads a Dockerfile takes `Dockerfile.globalValues`.
struct MetaArguments: Sendable {
  private var values: [String: String] = [:]
  /// Those without a value too.
  private(set) var names: [String] = []
  private var escape: Character = "\\"

  /// Before anything has been read.
  init() {}

  /// - Parameters:
  ///   - given: what the client says.
  ///   - stage: the target's name.
  init(_ dockerfile: Dockerfile, given: [String: String], platform: Platform, stage: String?) throws(HullError) {
    for (name, value) in PredefinedArguments.platform(platform, stage: stage) { values[name] = given[name] ?? value }
    escape = dockerfile.directives.escape
    let declared = dockerfile.metaArguments.flatMap { instruction -> [Assignment] in
      guard case .argument(let list) = instruction.command else { return [] }
      return list
    }
    for argument in declared {
      if let value = given[argument.key] {
        values[argument.key] = value
      } else if let text = argument.value {
        values[argument.key] = try expander.expand(text)
      }
    }
    names = Array(values.keys) + declared.map(\.key)
  }

  subscript(name: String) -> String? { values[name] }

  /// With what is known so far.
  var expander: WordExpander {
    let values = values
    return WordExpander(escape: escape) { values[$0] }
  }
}
