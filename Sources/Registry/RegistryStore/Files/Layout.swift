// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// Where things lie below the root.
///
/// ```
/// blobs/sha256/ab/<hex>                              every blob and manifest, once
/// repositories/<name>/_blobs/sha256-<hex>            the same file by another name: what the repository holds
/// repositories/<name>/_manifests/sha256-<hex>        the same for manifests
/// repositories/<name>/_tags/<tag>                    a digest; its time is when the tag was set
/// repositories/<name>/_pulls/<tag>                   its time is when the tag was pulled last
/// repositories/<name>/_referrers/<subject>/<digest>  marks: who refers to a manifest, which need not be here
/// uploads/<id>/data, uploads/<id>/repository         blobs that are being received
/// making/                                            files that are not complete
/// ```
enum Layout {
  static let repositories = "repositories"
  static let uploads = "uploads"
  static let blobs = "blobs"

  static func blob(_ digest: Digest) -> String { "\(blobs)/\(digest.algorithm)/\(digest.hex.prefix(2))/\(digest.hex)" }
  static func repository(_ name: RepositoryName) -> String { "\(repositories)/\(name)" }
  static func blobs(_ name: RepositoryName) -> String { "\(repositories)/\(name)/_blobs" }
  static func blob(_ digest: Digest, in name: RepositoryName) -> String { "\(blobs(name))/\(digest.fileName)" }
  static func manifests(_ name: RepositoryName) -> String { "\(repositories)/\(name)/_manifests" }
  static func manifest(_ digest: Digest, in name: RepositoryName) -> String { "\(manifests(name))/\(digest.fileName)" }
  static func tags(_ name: RepositoryName) -> String { "\(repositories)/\(name)/_tags" }
  static func tag(_ tag: String, in name: RepositoryName) -> String { "\(tags(name))/\(tag)" }
  static func pulls(_ name: RepositoryName) -> String { "\(repositories)/\(name)/_pulls" }
  static func pull(_ tag: String, in name: RepositoryName) -> String { "\(pulls(name))/\(tag)" }
  static func referrers(_ subject: Digest, in name: RepositoryName) -> String { "\(repositories)/\(name)/_referrers/\(subject.fileName)" }
  static func upload(_ id: String) -> String { "\(uploads)/\(id)" }
}
