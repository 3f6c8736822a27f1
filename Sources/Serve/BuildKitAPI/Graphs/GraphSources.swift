// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import FoundationEssentials
import OCISpec

/// Where the files of clients' graphs come from (BuildKit's source operations).
enum GraphSources {
  /// Throws `unsupported` for a kind of source that is not known.
  static func operation(_ source: LLBSourceOp) throws(HullError) -> GraphOperation {
    let parts = source.identifier.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else { throw HullError(.invalidArgument, "build graph: \(quoted(source.identifier)) is no source") }
    guard !wantsSignature(source) else {
      throw HullError(.unsupported, "build graph: the signature of \(source.identifier) cannot be verified here: use a checksum instead")
    }
    switch parts[0] {
    case "docker-image": return .image(parts[1], checksum: try digest("image.checksum", source))
    case "oci-layout": return .layout(try layout(parts[1], source.attrs))
    case "local": return .context(parts[1], selection(source.attrs))
    case "git":
      let url = GitAttributes(source).address(isWhole: false)
      return .repository(url: url, keepsGitDirectory: source.attrs["git.keepgitdir"] == "true", checksum: source.attrs["git.checksum"])
    case "http", "https": return .download(try download(source))
    default: throw HullError(.unsupported, "build graph: sources of the kind \(parts[0]) are not supported")
    }
  }

  /// Whether the source may only be used when it is signed.
  static func wantsSignature(_ source: LLBSourceOp) -> Bool {
    source.attrs.contains { ["git.sig.pubkey", "http.sig.pubkey", "http.sig.signature"].contains($0.key) && !$0.value.isEmpty }
  }

  private static func layout(_ name: String, _ attributes: [String: String]) throws(HullError) -> LayoutAddress {
    guard var address = try LayoutAddress("oci-layout://\(name)") else {
      throw HullError(.invalidArgument, "build graph: \(quoted(name)) names no oci layout")
    }
    if let store = attributes["oci.store"], !store.isEmpty { address.store = store }
    return address
  }

  private static func selection(_ attributes: [String: String]) -> ContextSelection {
    func list(_ key: String) -> [String] {
      attributes[key].flatMap { try? JSONDecoder().decode([String].self, from: Data($0.utf8)) } ?? []
    }
    var selection = ContextSelection()
    (selection.includes, selection.excludes) = (list("local.includepattern"), list("local.excludepatterns"))
    selection.followed = list("local.followpaths")
    return selection
  }

  private static func download(_ source: LLBSourceOp) throws(HullError) -> GraphDownload {
    let path = source.identifier.prefix { $0 != "?" && $0 != "#" }.drop { $0 != ":" }.dropFirst(3).drop { $0 != "/" }
    let own = path.split(separator: "/").last.map(String.init)
    var step = DownloadStep(url: source.identifier)
    step.checksum = try digest("http.checksum", source)
    step.secret = source.attrs["http.authheadersecret"].flatMap { $0.isEmpty ? nil : $0 }
    for field in fields { step.headers[field] = source.attrs["http.header.\(field)"] }
    var download = GraphDownload(step, name: source.attrs["http.filename"] ?? own ?? "download")
    if let mode = source.attrs["http.perm"].flatMap({ UInt32($0, radix: 8) }) { download.mode = mode }
    (download.uid, download.gid) = (number("http.uid", source), number("http.gid", source))
    return download
  }

  private static func digest(_ key: String, _ source: LLBSourceOp) throws(HullError) -> Digest? {
    guard let text = source.attrs[key], !text.isEmpty else { return nil }
    return try Digest(text)
  }

  /// Fields of a request that a graph may set.
  private static let fields = ["accept", "user-agent"]

  private static func number(_ key: String, _ source: LLBSourceOp) -> UInt32 { source.attrs[key].flatMap { UInt32($0) } ?? 0 }
}
