// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// What there is to say of how an image was built, whatever the form: BuildKit's docs/attestations/slsa-definitions.md.
struct Provenance: Sendable {
  let request: BuildRequest
  let options: AttestationOptions.Provenance
  let origin: BuildOrigin
  /// Nanoseconds since 1970.
  let finished: Int64
  let materials: [Material]
  let parameters: RequestParameters
  let source: ConfigSource
  private let steps: [Step]

  /// Something from elsewhere that was used, and what it was.
  struct Material: Encodable, Hashable, Sendable {
    var uri: String
    var digest: [String: String]
  }

  /// What the build began with.
  struct ConfigSource: Hashable, Sendable {
    var uri: String?
    var digest: [String: String]?
    /// The Dockerfile's path.
    var path: String
  }

  /// Throws `invalidArgument` when all materials must be known and are not.
  init(_ request: BuildRequest, _ options: AttestationOptions.Provenance, _ origin: BuildOrigin, finished: Int64) throws(HullError) {
    (self.request, self.options, self.origin, self.finished) = (request, options, origin, finished)
    steps = origin.steps
    materials = try MaterialList(origin, steps).materials
    parameters = RequestParameters(request, steps, isWhole: options.isWhole)
    source = ConfigSource(request, materials)
    if options.needsMaterials, !hasAllMaterials {
      let locals = parameters.locals.map { "\n  - \($0.name)" }.joined()
      throw HullError(.invalidArgument, "provenance materials are incomplete: nobody can name the files of\(locals)")
    }
  }

  /// Files of the client's are nobody's but its own.
  var hasAllMaterials: Bool { parameters.locals.isEmpty }

  /// No command could reach a network.
  var isHermetic: Bool {
    hasAllMaterials
      && steps.allSatisfy { step in
        guard case .run(let run) = step.operation else { return true }
        return run.network == "none"
      }
  }

  /// The graph of steps; `nil` where it is not wanted.
  var graph: GraphDescription? { options.isWhole ? GraphDescription(origin, steps, request) : nil }

  /// In the form that is wanted.
  func predicate() throws(HullError) -> Predicate {
    let filename = options.common.filename ?? "provenance.json"
    return switch options.version {
    case .v02: try Predicate(type: options.predicateType, filename: filename, ProvenanceV02(self))
    case .v1: try Predicate(type: options.predicateType, filename: filename, ProvenanceV1(self))
    }
  }
}

extension Provenance.ConfigSource {
  /// A context from elsewhere is named with what it was.
  init(_ request: BuildRequest, _ materials: [Provenance.Material]) {
    path = request.dockerfile
    guard let context = request.remoteContext else { return }
    let shown = Redaction.url((try? GitAddress(context))?.fragmentForm(withDirectory: true) ?? context)
    uri = shown
    let bare = String(shown.prefix { $0 != "#" })
    digest = materials.first { $0.uri == shown || $0.uri.prefix { $0 != "#" } == bare }?.digest
  }
}

/// Texts without what must not be told.
enum Redaction {
  private static let mask = "xxxxx"

  /// An address with user name and password masked, as BuildKit does it.
  static func url(_ text: String) -> String {
    guard let scheme = text.firstRange(of: "://") else { return text }
    let host = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard let at = host.lastIndex(of: "@") else { return text }
    let shown = host[..<at].split(separator: ":", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : mask }.joined(separator: ":")
    return String(text[..<scheme.upperBound]) + shown + text[at...]
  }
}
