// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

extension Engine {
  /// `GET /containers/{id}/export`: writes a tar to a descriptor, which stays the caller's.
  package func exportContainer(_ reference: String, to descriptor: Int32) async throws { throw notYet() }

  /// `HEAD /containers/{id}/archive`.
  package func statPath(_ reference: String, path: String) async throws -> PathStat { throw notYet() }

  /// `GET /containers/{id}/archive`.
  package func readArchive(_ reference: String, path: String) async throws -> ArchiveSource { throw notYet() }

  /// `PUT /containers/{id}/archive`: reads a tar from a descriptor, which stays the caller's.
  package func writeArchive(
    _ reference: String, path: String, noOverwriteDirNonDir: Bool, copyUIDGID: Bool, from descriptor: Int32
  ) async throws { throw notYet() }
}
