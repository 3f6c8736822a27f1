// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import OCISpec

/// What `docker save` puts into one archive: each name with all that it stands for.
struct SavedImages {
  /// Something that index.json names.
  struct Root {
    let content: ImageContent
    var tags: [Reference]
  }

  private(set) var roots: [Root] = []

  /// The same root under several tags is one.
  mutating func add(_ content: ImageContent, tag: Reference?) {
    if !roots.contains(where: { $0.content.root.digest == content.root.digest }) { roots.append(Root(content: content, tags: [])) }
    guard let tag, let index = roots.firstIndex(where: { $0.content.root.digest == content.root.digest }) else { return }
    if !roots[index].tags.contains(tag) { roots[index].tags.append(tag) }
  }

  /// Every blob, in the order of the archive.
  var blobs: [Digest] {
    var seen: Set<Digest> = []
    let all = roots.flatMap { root in
      (root.content.documents.reversed() + root.content.referrers).flatMap { [$0.descriptor.digest] + $0.blobs.map(\.digest) }
    }
    return all.filter { seen.insert($0).inserted }
  }

  /// `index.json`: each root once for each of its tags, then what refers to them.
  var index: Index {
    Index(
      manifests: roots.flatMap { root -> [Descriptor] in
        let plain = [root.content.root]
        let tagged = root.tags.map { tag in
          var descriptor = root.content.root
          descriptor.annotations = (descriptor.annotations ?? [:]).merging([
            Annotation.imageName: tag.description, Annotation.refName: tag.tag ?? "",
          ]) { $1 }
          return descriptor
        }
        return (tagged.isEmpty ? plain : tagged) + root.content.referrers.map(\.descriptor)
      })
  }

  /// `manifest.json`: the images. The tags go to the one that suits this machine.
  var dockerManifests: [DockerManifest] {
    roots.flatMap { root in
      root.content.documents.filter { !$0.diffIDs.isEmpty || $0.blobs.count == 1 }.map { document in
        let isNamed = document.blobs.first?.digest == root.content.image && !root.tags.isEmpty
        return DockerManifest(
          config: document.blobs.first.map { SavedImages.path($0.digest) } ?? "", repoTags: isNamed ? root.tags.map(\.familiar) : nil,
          layers: document.blobs.dropFirst().map { SavedImages.path($0.digest) })
      }
    }
  }

  /// The oldest form of names in an archive: repository, tag, layer.
  var repositories: [String: [String: String]] {
    var repositories: [String: [String: String]] = [:]
    for root in roots {
      let image = root.content.documents.first { $0.blobs.first?.digest == root.content.image }
      for tag in root.tags { repositories[tag.familiarName, default: [:]][tag.tag ?? ""] = image?.blobs.dropFirst().last?.digest.hex ?? "" }
    }
    return repositories
  }

  static func path(_ digest: Digest) -> String { "blobs/\(digest.algorithm)/\(digest.hex)" }
}
