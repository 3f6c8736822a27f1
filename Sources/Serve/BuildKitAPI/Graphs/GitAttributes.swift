// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol

/// What a source operation says of a Git repository, as addresses of repositories say it.
struct GitAttributes {
  private let identifier: String
  private let attributes: [String: String]

  init(_ source: LLBSourceOp) { (identifier, attributes) = (source.identifier, source.attrs) }

  /// The repository's address as builds name it.
  /// - Parameter isWhole: it also says whether `.git` is kept, and the checksum.
  func address(isWhole: Bool) -> String {
    let fragment = identifier.firstIndex(of: "#").map { String(identifier[$0...]) } ?? ""
    let base = String((attributes["git.fullurl"] ?? identifier).prefix { $0 != "#" })
    let pairs = (isWhole ? own : []) + others
    guard !pairs.isEmpty else { return base + fragment }
    return base + (base.contains("?") ? "&" : "?") + pairs.joined(separator: "&") + fragment
  }

  /// What steps know of repositories beside their addresses.
  private var own: [String] { (isTrue("git.keepgitdir") ? ["keep-git-dir=true"] : []) + pair("git.checksum", "checksum") }

  private var others: [String] {
    (isTrue("git.skipsubmodules") ? ["submodules=false"] : []) + (isTrue("git.fetchbycommit") ? ["fetch-by-commit=true"] : [])
      + pair("git.mtime", "mtime")
  }

  private func isTrue(_ name: String) -> Bool { attributes[name] == "true" }

  private func pair(_ name: String, _ key: String) -> [String] {
    guard let value = attributes[name], !value.isEmpty else { return [] }
    return ["\(key)=\(FormEncoding.encode(value))"]
  }
}
