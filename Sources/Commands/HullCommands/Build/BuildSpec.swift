// SPDX-License-Identifier: Apache-2.0
import Errors

/// `type=local,dest=path`: attributes parted by commas, as the flags of builds have them.
struct BuildSpec: Equatable {
  private(set) var attributes: [String: String]

  /// - Parameter first: the key of a value without one: `user/app:cache`.
  init(_ text: String, flag: String, first: String? = nil) throws(HullError) {
    attributes = [:]
    let fields = try CSV.fields(text)
    for (index, field) in fields.enumerated() {
      if let (key, value) = Text.cut(field, "=") {
        attributes[key.lowercased()] = value
      } else if let first, fields.count == 1, index == 0 {
        attributes[first] = field
      } else if field == "push" || field == "required" {
        attributes[field] = "true"
      } else {
        throw HullError(.invalidArgument, "invalid value for --\(flag): \(Text.quoted(field)) has no value: use key=value,…")
      }
    }
  }

  subscript(key: String) -> String? {
    get { attributes[key] }
    set { attributes[key] = newValue }
  }

  var json: JSON { .object(attributes.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { $0.append($1.key, .string($1.value)) }) }
}
