// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Everything from elsewhere that steps have used: images, repositories, downloads; each once.
struct MaterialList {
  private(set) var materials: [Provenance.Material] = []

  /// Blocking.
  init(_ origin: BuildOrigin, _ steps: [Step]) throws(HullError) {
    for image in origin.images { add(image) }
    for step in steps {
      switch (step.operation, origin.value(of: step)) {
      case (.download(let file), .tree(let tree)?): try add(download: file.url, tree)
      case (.repository(let repository), .tree(let tree as IdentifiedTree)?): add(repository: repository.url, tree.identity)
      default: break
      }
    }
  }

  private mutating func add(_ material: Provenance.Material) {
    if !materials.contains(material) { materials.append(material) }
  }

  private mutating func add(_ image: ImageSource) {
    guard let reference = try? Reference(image.name) else { return }
    let url = PackageURL(reference, platform: image.platform, isLocal: image.isLocal)
    add(Provenance.Material(uri: url.description, digest: [image.target.algorithm: image.target.hex]))
  }

  private mutating func add(download url: String, _ tree: any FileTree) throws(HullError) {
    guard let file = try tree.names(in: "").first else { return }
    let digest = try tree.digest(file)
    add(Provenance.Material(uri: Redaction.url(url), digest: [digest.algorithm: digest.hex]))
  }

  private mutating func add(repository url: String, _ identity: String) {
    let parts = identity.split(separator: ":").map(String.init)
    let digest = parts.count == 2 ? [parts[0]: parts[1]] : [identity.utf8.count == 64 ? "sha256" : "sha1": identity]
    add(Provenance.Material(uri: Redaction.url(Self.withoutDirectory(url)), digest: digest))
  }

  /// A repository is one whatever part of it is used.
  private static func withoutDirectory(_ url: String) -> String {
    (try? GitAddress(url))?.fragmentForm(withDirectory: false) ?? url
  }
}
