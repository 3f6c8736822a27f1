// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// A list of packages in the form of SPDX 2.3 (JSON).
struct PackageDocument: Encodable, Sendable {
  struct Creation: Encodable, Sendable {
    var created: String
    var creators: [String]
  }
  struct ExternalReference: Encodable, Sendable {
    let referenceCategory = "PACKAGE-MANAGER"
    let referenceType = "purl"
    var referenceLocator: String

    enum CodingKeys: String, CodingKey { case referenceCategory, referenceType, referenceLocator }
  }
  struct Package: Encodable, Sendable {
    var SPDXID: String
    var name: String
    var versionInfo: String?
    var supplier = "NOASSERTION"
    let downloadLocation = "NOASSERTION"
    let filesAnalyzed = false
    let licenseConcluded = "NOASSERTION"
    var licenseDeclared = "NOASSERTION"
    let copyrightText = "NOASSERTION"
    var primaryPackagePurpose: String?
    var externalRefs: [ExternalReference]?

    enum CodingKeys: String, CodingKey {
      case SPDXID, name, versionInfo, supplier, downloadLocation, filesAnalyzed, licenseConcluded, licenseDeclared, copyrightText
      case primaryPackagePurpose, externalRefs
    }
  }
  struct Relationship: Encodable, Sendable {
    var spdxElementId: String
    var relationshipType: String
    var relatedSpdxElement: String
  }

  static let predicateType = "https://spdx.dev/Document"
  private static let root = "SPDXRef-DocumentRoot"

  let SPDXID = "SPDXRef-DOCUMENT"
  let spdxVersion = "SPDX-2.3"
  let dataLicense = "CC0-1.0"
  let name: String
  let documentNamespace: String
  let creationInfo: Creation
  let packages: [Package]
  let relationships: [Relationship]

  enum CodingKeys: String, CodingKey {
    case SPDXID, spdxVersion, dataLicense, name, documentNamespace, creationInfo, packages, relationships
  }

  /// - Parameters:
  ///   - name: the image's, for people.
  ///   - identity: of the file system: the same, the same list.
  ///   - created: nanoseconds since 1970.
  init(_ found: [PackageRecord], name: String, identity: String, created: Int64) {
    self.name = name
    documentNamespace = "urn:hull:packages:\(identity)"
    creationInfo = Creation(created: RFC3339.text(nanoseconds: created / 1_000_000_000 * 1_000_000_000), creators: ["Tool: hull"])
    let listed = found.enumerated().map { Package($1, id: "SPDXRef-Package-\($1.url.type)-\($0 + 1)") }
    packages = [Package(SPDXID: Self.root, name: name, primaryPackagePurpose: "CONTAINER")] + listed
    relationships =
      [Relationship(spdxElementId: SPDXID, relationshipType: "DESCRIBES", relatedSpdxElement: Self.root)]
      + listed.map { Relationship(spdxElementId: Self.root, relationshipType: "CONTAINS", relatedSpdxElement: $0.SPDXID) }
  }
}

extension PackageDocument.Package {
  fileprivate init(_ package: PackageRecord, id: String) {
    self.init(SPDXID: id, name: package.name, versionInfo: package.version)
    if !package.supplier.isEmpty { supplier = "Organization: \(package.supplier)" }
    if Self.isExpression(package.license) { licenseDeclared = package.license }
    externalRefs = [PackageDocument.ExternalReference(referenceLocator: package.url.description)]
  }

  /// Whether a text may stand for a license (SPDX specification, annex D); databases have free text, too.
  private static func isExpression(_ text: String) -> Bool {
    let words = text.split { " ()".contains($0) }
    guard !words.isEmpty, words.count % 2 == 1 else { return false }
    return words.enumerated().allSatisfy { index, word in
      if index % 2 == 1 { return ["AND", "OR", "WITH"].contains(String(word)) }
      return word.utf8.allSatisfy { $0 < 0x80 } && word.allSatisfy { $0.isLetter || $0.isNumber || ".-+".contains($0) }
    }
  }
}
