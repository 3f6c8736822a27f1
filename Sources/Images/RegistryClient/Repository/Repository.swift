// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// A repository at its places: its registry's mirrors in order, then the registry itself. What is pushed goes to the registry only.
package struct Repository: Sendable {
  /// The name, for messages too.
  package let reference: Reference

  /// Fetches a manifest or index. Verifies the digest that was asked for, or the one that is expected, size and media type.
  package func manifest(_ selector: ManifestSelector, expecting: Descriptor? = nil) async throws -> RemoteManifest {
    throw HullError(.unsupported, "not yet")
  }

  /// What a tag or digest stands for, without its bytes; `nil` when no place has it.
  package func descriptor(_ selector: ManifestSelector) async throws -> Descriptor? {
    throw HullError(.unsupported, "not yet")
  }

  /// Fetches what `target` misses of a blob. Sizes and ranges are verified here, the digest by the caller.
  /// - Parameters:
  ///   - avoiding: places that are not asked: those whose bytes had the wrong digest.
  ///   - progress: called with the number of bytes that were written since the last call, from any thread.
  /// - Returns: the places that bytes came from.
  @discardableResult
  package func fetch(
    _ blob: Descriptor, into target: any PartialBlob, avoiding: Set<String> = [], progress: @escaping @Sendable (Int64) -> Void = { _ in }
  ) async throws -> Set<String> {
    throw HullError(.unsupported, "not yet")
  }

  /// Whether the registry has a blob.
  package func has(_ digest: Digest) async throws -> Bool { throw HullError(.unsupported, "not yet") }

  /// Takes over a blob of another repository of the same registry. `false`: it must be pushed.
  package func mount(_ digest: Digest, from source: Reference) async throws -> Bool { throw HullError(.unsupported, "not yet") }

  /// Pushes a blob that the registry does not have.
  /// - Parameters:
  ///   - mountable: repositories of the same registry that are likely to have it; the first that does gives it.
  ///   - progress: called with the number of bytes sent since the last call, from any thread; negative when something is sent again.
  package func push(
    _ blob: Descriptor, from source: any BlobReader, mountable: [Reference] = [], progress: @escaping @Sendable (Int64) -> Void = { _ in }
  ) async throws -> PushOutcome {
    throw HullError(.unsupported, "not yet")
  }

  /// Stores a manifest or index under a tag or its digest.
  /// - Returns: its digest.
  @discardableResult
  package func putManifest(_ selector: ManifestSelector, bytes: [UInt8], mediaType: String) async throws -> Digest {
    throw HullError(.unsupported, "not yet")
  }

  /// What refers to a manifest: signatures, bills of material (distribution specification, listing referrers), by the API or the tag scheme.
  package func referrers(_ digest: Digest, artifactType: String? = nil) async throws -> [Descriptor] { throw HullError(.unsupported, "not yet") }

  /// The tags, in the registry's order.
  /// - Parameter limit: at most so many; `nil`: all.
  package func tags(limit: Int? = nil) async throws -> [String] { throw HullError(.unsupported, "not yet") }
}
