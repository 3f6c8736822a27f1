// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

extension Engine {
  /// `GET /images/json`.
  package func listImages(all: Bool, filters: Filters, digests: Bool, sharedSize: Bool) async throws -> [ImageSummary] { throw notYet() }

  /// `GET /images/{name}/json`.
  package func inspectImage(_ name: String) async throws -> ImageInspect { throw notYet() }

  /// `GET /images/{name}/history`.
  package func imageHistory(_ name: String) async throws -> [ImageHistoryItem] { throw notYet() }

  /// `POST /images/{name}/tag`.
  package func tagImage(_ name: String, repository: String, tag: String) async throws { throw notYet() }

  /// `DELETE /images/{name}`.
  package func removeImage(_ name: String, force: Bool, noPrune: Bool) async throws -> [ImageDeleteItem] { throw notYet() }

  /// `POST /images/prune`.
  package func pruneImages(filters: Filters) async throws -> ImagesPruneReport { throw notYet() }

  /// `POST /images/load`: reads an archive from a descriptor, which stays the caller's.
  package func loadImages(from descriptor: Int32, quiet: Bool, progress: @escaping ProgressSink) async throws { throw notYet() }

  /// `GET /images/get`: writes an archive to a descriptor, which stays the caller's. Fails before the first byte when an image is not there.
  package func saveImages(_ names: [String], to descriptor: Int32) async throws { throw notYet() }

  /// `POST /images/create?fromSrc=-`: reads a root file system from a descriptor, which stays the caller's.
  package func importImage(
    from descriptor: Int32, repository: String, tag: String, message: String, changes: [String], platform: String?, progress: @escaping ProgressSink
  ) async throws { throw notYet() }
}
