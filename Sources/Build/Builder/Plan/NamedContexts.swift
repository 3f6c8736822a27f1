// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// Which names a context of `--build-context NAME=…` takes the place of, and what it is.
enum NamedContexts {
  /// Names under which a context for a stage or an image may have been given, the most particular first: for one platform, then for all; an image also
  /// by its familiar name without `latest`.
  static func keys(_ name: String, _ platform: Platform) -> [String] {
    var names = [name, name.lowercased()]
    if let reference = try? Reference(name) {
      let familiar = reference.familiar
      names.append(familiar.hasSuffix(":latest") ? String(familiar.dropLast(7)) : familiar)
    }
    return names.map { "\($0)::\(platform)" } + names
  }

  /// The name in the client's session of a context that is files of its own; `nil`: it is something else.
  static func clientFiles(_ value: String) -> String? { value.hasPrefix("local:") ? String(value.dropFirst(6)) : nil }

  /// Which of the request's inputs a context is; `nil`: it is something else.
  static func input(_ value: String) -> String? { value.hasPrefix("input:") ? String(value.dropFirst(6)) : nil }

  /// The image that a context is; `nil`: it is files.
  static func image(_ value: String) -> String? {
    guard value.hasPrefix("docker-image:") else { return nil }
    let name = value.dropFirst(13)
    return String(name.hasPrefix("//") ? name.dropFirst(2) : name)
  }
}
