// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import OCISpec

/// A built image as the files of an OCI layout (OCI image specification, image layout).
package struct ImageLayout: FileTree {
  private enum File {
    case bytes([UInt8])
    case blob(Digest, size: Int64)
  }

  /// What `index.json` names.
  package let root: Descriptor
  /// Everything that it stands for, and itself: children first.
  package let blobs: [Descriptor]
  private let images: ImageStore
  private let files: [String: File]
  private let children: [String: [String]]

  /// Blobs must stay in the store as long as this value is used.
  init(_ built: BuiltContent, _ names: [Reference], _ images: ImageStore) throws(HullError) {
    self.images = images
    root = built.target
    var seen: Set<Digest> = []
    blobs = built.content.documents.flatMap { $0.blobs + [$0.descriptor] }.filter { seen.insert($0.digest).inserted }
    let (index, digests) = try images.layout(built, references: names)
    var files: [String: File] = ["index.json": .bytes(index), "oci-layout": .bytes(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))]
    for digest in digests {
      guard let size = images.blobs.size(of: digest) else { throw HullError(.internalError, "blob \(digest) is missing") }
      files["blobs/sha256/\(digest.hex)"] = .blob(digest, size: size)
    }
    self.files = files
    children = ["": ["blobs", "index.json", "oci-layout"], "blobs": ["sha256"], "blobs/sha256": digests.map(\.hex).sorted()]
  }

  /// A blob's bytes. Blocking.
  package func blob(_ digest: Digest) throws(HullError) -> any ByteSource { try images.blobs.source(digest) }

  package func node(_ path: String) throws(HullError) -> TreeNode? {
    if children[path] != nil { return TreeNode(kind: .directory, mode: 0o755) }
    guard let file = files[path] else { return nil }
    var node = TreeNode(kind: .regular, mode: 0o644)
    switch file {
    case .bytes(let bytes): node.size = Int64(bytes.count)
    case .blob(_, let size): node.size = size
    }
    return node
  }

  package func names(in directory: String) throws(HullError) -> [String] { children[directory] ?? [] }

  package func digest(_ path: String) throws(HullError) -> Digest {
    switch files[path] {
    case .bytes(let bytes)?: return SHA256.digest(of: bytes)
    case .blob(let digest, _)?: return digest
    case nil: throw HullError(.notFound, "\(quoted(path)) is not there")
    }
  }

  package func source(_ path: String) throws(HullError) -> any ByteSource {
    switch files[path] {
    case .bytes(let bytes)?: return PrefixedSource(bytes)
    case .blob(let digest, _)?: return try images.blobs.source(digest)
    case nil: throw HullError(.notFound, "\(quoted(path)) is not there")
    }
  }
}
