// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import ImageStore
import OCISpec
import RegistryClient
import Threads

extension ImageTransfer {
  /// `docker push`: brings what a tag stands for to the registry that its name says: byte for byte what came from one, compressed what was made
  /// here. The tag then stands for what the registry has.
  /// - Parameters:
  ///   - platform: only the image for it; `nil`: the whole index, where all of it is here or there.
  ///   - compression: of layers that were made here and are not compressed.
  package func push(
    _ reference: Reference, platform: Platform? = nil, compression: Compression = .gzip, credentials: RegistryCredentials? = nil,
    report: @escaping TransferReport
  ) async throws -> PushedTag {
    let repository = client.repository(reference, credentials: credentials, access: .push)
    return try await claiming { claim in
      let push = ImagePush(transfer: self, repository: repository, claim: claim, report: report)
      let content = try await push.content(reference, platform)
      let layers = OutgoingLayers(transfer: self, compression: compression, claim: claim, report: report)
      guard reference.tag != nil, let formed = try await layers.formed(content) else {
        return try await push.run(reference, content)
      }
      return try await push.run(reference, formed.content, formed)
    }
  }

  /// Brings something to a registry that no name stands for yet; its blobs are in the store.
  /// - Parameter reference: with a tag, or with the digest of `content`, which then gets no tag.
  package func push(
    _ content: ImageContent, as reference: Reference, credentials: RegistryCredentials? = nil, report: @escaping TransferReport
  ) async throws -> PushedTag {
    let repository = client.repository(reference, credentials: credentials, access: .push)
    return try await claiming { claim in
      try await ImagePush(transfer: self, repository: repository, claim: claim, report: report).run(reference, content)
    }
  }
}

/// One push.
private struct ImagePush: Sendable {
  let transfer: ImageTransfer
  let repository: Repository
  let claim: Claim
  let report: TransferReport

  /// - Parameter formed: what `content` has been made of for the way; `nil`: it is in the store under a name.
  func run(_ reference: Reference, _ content: ImageContent, _ formed: FormedImage? = nil) async throws -> PushedTag {
    let tag = reference.tag ?? (reference.digest == content.root.digest ? "" : nil)
    guard let tag else { throw HullError(.invalidArgument, "cannot push \(reference.familiar): it has no tag") }
    let store = transfer.store
    let documents = content.documents + content.referrers
    claim.claim(blobs: documents.flatMap { [$0.descriptor.digest] + $0.blobs.map(\.digest) })
    try await BlobPush(repository: repository, store: store, report: report).push(documents.flatMap(BlobPush.Item.items))
    for document in content.documents where document.descriptor.digest != content.root.digest {
      try await put(document.descriptor, .digest(document.descriptor.digest))
    }
    try await put(content.root, tag.isEmpty ? .digest(content.root.digest) : .tag(tag))
    for referrer in content.referrers { try await put(referrer.descriptor, .digest(referrer.descriptor.digest)) }
    let named = reference.with(digest: content.root.digest)
    try await Blocking.run {
      if let formed { try store.adopt(formed) }
      try store.note(named, as: content)
    }
    report(TransferEvent("\(tag.isEmpty ? "" : tag + ": ")digest: \(content.root.digest) size: \(content.root.size)"))
    return PushedTag(tag: tag, digest: content.root.digest, size: content.root.size)
  }

  /// An index goes whole, or only this machine's image of it goes.
  func content(_ reference: Reference, _ platform: Platform?) async throws -> ImageContent {
    let store = transfer.store
    let whole = try await Blocking.run { try store.content(reference.description, platform: platform) }
    for missing in whole.missing where try await repository.descriptor(.digest(missing.digest)) == nil {
      let single = try await Blocking.run { try store.content(reference.description, singly: true) }
      report(
        TransferEvent(
          "Not all multiplatform-content is present and only the available single-platform image was pushed: \(whole.root.digest) -> "
            + "\(single.root.digest)"))
      return single
    }
    return whole
  }

  private func put(_ descriptor: Descriptor, _ selector: ManifestSelector) async throws {
    let store = transfer.store.blobs
    let bytes = try await Blocking.run { try store.read(descriptor.digest) }
    let digest = try await repository.putManifest(selector, bytes: bytes, mediaType: descriptor.mediaType)
    guard digest == descriptor.digest else {
      throw HullError(
        .internalError, "\(repository.reference.familiar): the registry says that \(descriptor.digest) has the digest \(digest)")
    }
  }
}
