// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import OCISpec

/// Makes what is to be said of a build's images.
struct ImageAttestations: Sendable {
  let request: BuildRequest
  let options: AttestationOptions
  let store: BuildStore
  /// Where databases may lie while they are read.
  let directory: String

  /// What is to be said of an image, apart from which one it is. Blocking.
  func predicates(of image: BuiltImage) throws(HullError) -> [Predicate] {
    var predicates: [Predicate] = []
    if let packages = options.packages { predicates.append(try list(image, packages)) }
    if let provenance = options.provenance {
      predicates.append(try Provenance(request, provenance, image.origin, finished: BuildClock.now()).predicate())
    }
    return predicates
  }

  private func list(_ image: BuiltImage, _ common: AttestationOptions.Common) throws(HullError) -> Predicate {
    let found = try PackageInventory(tree: try store.tree(of: image.fileSystem), directory: directory).packages()
    let name = request.tags.first?.familiar ?? "image"
    let created = request.sourceDateEpoch.map { $0 &* 1_000_000_000 } ?? image.config.created.flatMap(RFC3339.nanoseconds) ?? BuildClock.now()
    let identity = (image.fileSystem.chain ?? SHA256.digest(of: "")).hex
    let document = PackageDocument(found, name: name, identity: identity, created: created)
    return try Predicate(type: PackageDocument.predicateType, filename: common.filename ?? "sbom.spdx.json", document)
  }
}
