// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// What is to be said of a build's result (BuildKit's `attest:provenance` and `attest:sbom`).
struct AttestationOptions: Sendable, Hashable {
  struct Provenance: Sendable, Hashable {
    enum Version: String {
      case v02 = "v0.2"
      case v1
    }

    /// With build arguments, secrets' names, steps and sources (`mode=max`).
    var isWhole = true
    var version = Version.v1
    var builderID = ""
    var isReproducible = false
    /// Files of the client's that nobody can name are an error.
    var needsMaterials = false
    var common = Common()

    var predicateType: String { "https://slsa.dev/provenance/\(version.rawValue)" }
  }

  struct Common: Sendable, Hashable {
    /// For images alone, and not where it would change what an image is.
    var isInlineOnly = false
    /// Of the file, where the result is files.
    var filename: String?
  }

  var provenance: Provenance?
  /// A list of the packages.
  var packages: Common?

  /// Throws `invalidArgument` for kinds and options that there are not, `unsupported` for a generator of one's own.
  init(_ request: BuildRequest) throws(HullError) {
    for (type, attributes) in request.attestations.sorted(by: { $0.key < $1.key }) where attributes["disabled"] != "true" {
      switch type {
      case "provenance": provenance = try Provenance(attributes)
      case "sbom":
        if let generator = attributes["generator"], !generator.isEmpty {
          throw HullError(
            .unsupported, "sbom: the generator \(quoted(generator)) cannot be run: leave generator= out, the engine lists the packages itself")
        }
        packages = Common(attributes)
      default: throw HullError(.invalidArgument, "unknown attestation type \(quoted(type)): use provenance or sbom")
      }
    }
  }

  /// What is left where attestations that are for images alone are not wanted.
  func withoutInlineOnly() -> AttestationOptions {
    var options = self
    if provenance?.common.isInlineOnly == true { options.provenance = nil }
    if packages?.isInlineOnly == true { options.packages = nil }
    return options
  }

  var isEmpty: Bool { provenance == nil && packages == nil }
}

extension AttestationOptions.Common {
  init(_ attributes: [String: String]) {
    isInlineOnly = ["true", "1"].contains(attributes["inline-only"] ?? "")
    filename = attributes["filename"]
  }
}

extension AttestationOptions.Provenance {
  init(_ attributes: [String: String]) throws(HullError) {
    switch attributes["mode"] ?? "max" {
    case "max", "full", "": isWhole = true
    case "min": isWhole = false
    case let mode: throw HullError(.invalidArgument, "provenance: invalid mode \(quoted(mode)): use min or max")
    }
    if let text = attributes["version"], !text.isEmpty {
      guard let known = Version(rawValue: text) else {
        throw HullError(.invalidArgument, "invalid provenance SLSA version: \(quoted(text)): use v0.2 or v1")
      }
      version = known
    }
    builderID = attributes["builder-id"] ?? ""
    isReproducible = try Self.flag(attributes, "reproducible")
    needsMaterials = try Self.flag(attributes, "complete-materials")
    common = AttestationOptions.Common(attributes)
  }

  private static func flag(_ attributes: [String: String], _ key: String) throws(HullError) -> Bool {
    guard let text = attributes[key], !text.isEmpty else { return false }
    guard let truth = GoText.boolean(text) else {
      throw HullError(.invalidArgument, "provenance: failed to parse \(key) flag \(quoted(text)): use true or false")
    }
    return truth
  }
}
