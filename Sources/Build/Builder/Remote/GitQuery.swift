// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec
import RegistryClient

/// The query of a Git address: `ref`, `branch`, `tag`, `commit` (or `checksum`), `subdir`, `keep-git-dir`, `submodules`, `mtime`, `fetch-by-commit`.
/// The keys, and what they mean together, are BuildKit's.
struct GitQuery {
  /// These alone may stand without a value, which then is `true`.
  private static let switches: Set<String> = ["submodules", "keep-git-dir", "fetch-by-commit"]

  private var values: [String: String] = [:]

  /// - Parameter text: what is behind the question mark.
  init(_ text: String) throws(HullError) {
    for pair in text.split(separator: "&") {
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        WebAddress.unescaped($0.replacing("+", with: " "))
      }
      guard values[halves[0]] == nil else { throw GitQuery.refusal("query \(quoted(halves[0])) has multiple values") }
      values[halves[0]] = halves.count > 1 ? halves[1] : ""
    }
  }

  func apply(to address: inout GitAddress) throws(HullError) {
    for (key, value) in values.sorted(by: { $0.key < $1.key }) {
      guard !value.isEmpty || GitQuery.switches.contains(key) else { throw GitQuery.refusal("query \(quoted(key)) has no value") }
      try apply(key, value, to: &address)
    }
    try name(values["tag"], below: "refs/tags/", &address)
    guard values["tag"] == nil || values["branch"] == nil else { throw GitQuery.refusal("branch conflicts with tag") }
    try name(values["branch"], below: "refs/heads/", &address)
  }

  private func apply(_ key: String, _ value: String, to address: inout GitAddress) throws(HullError) {
    switch key {
    case "ref": try name(value, below: "", &address)
    // They are looked at when the others are known.
    case "tag", "branch": break
    case "subdir":
      let directory = TreePaths.clean(value)
      guard address.directory.isEmpty || address.directory == directory else {
        throw GitQuery.refusal("subdir conflicts: \(quoted(address.directory)) vs \(quoted(value))")
      }
      address.directory = directory
    case "commit", "checksum":
      guard address.checksum == nil || address.checksum == value else {
        throw GitQuery.refusal("checksum conflicts: \(quoted(address.checksum ?? "")) vs \(quoted(value))")
      }
      address.checksum = value
    case "keep-git-dir": address.keepsGitDirectory = try truth(key, value)
    case "submodules": address.hasSubmodules = try truth(key, value)
    case "fetch-by-commit": address.fetchesCommit = try truth(key, value)
    case "mtime":
      guard let time = GitAddress.FileTime(rawValue: value) else {
        throw GitQuery.refusal("invalid mtime value: \(quoted(value)) (must be \"checkout\" or \"commit\")")
      }
      address.fileTime = time
    default: throw GitQuery.refusal("unexpected query \(quoted(key))")
    }
  }

  /// Takes a reference, unless another one stands there.
  private func name(_ value: String?, below prefix: String, _ address: inout GitAddress) throws(HullError) {
    guard let value else { return }
    let name = value.hasPrefix(prefix) ? value : prefix + value
    if let reference = address.reference, reference != name { throw GitQuery.refusal("ref conflicts: \(quoted(reference)) vs \(quoted(name))") }
    address.reference = name
  }

  private func truth(_ key: String, _ value: String) throws(HullError) -> Bool {
    guard let truth = value.isEmpty ? true : GoText.boolean(value) else { throw GitQuery.refusal("invalid \(key) value: \(quoted(value))") }
    return truth
  }

  private static func refusal(_ text: String) -> HullError { HullError(.invalidArgument, text) }
}
