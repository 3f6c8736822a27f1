// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

extension Engine {
  /// `GET /containers/json`.
  package func listContainers(_ options: ListOptions) async throws -> [ContainerSummary] { throw notYet() }

  /// `GET /containers/json` as JSON text: the quick way, from cached parts.
  package func listContainersJSON(_ options: ListOptions) async throws -> [UInt8] { throw notYet() }

  /// `GET /containers/{id}/json`.
  package func inspectContainer(_ reference: String, size: Bool) async throws -> ContainerInspect { throw notYet() }

  /// `GET /containers/{id}/top`.
  package func topContainer(_ reference: String, psArguments: String?) async throws -> ContainerTop { throw notYet() }

  /// `GET /containers/{id}/stats`. One sample per second, or one only with `stream` off (the second of two unless `oneShot`).
  package func containerStats(_ reference: String, stream: Bool, oneShot: Bool) async throws -> AsyncThrowingStream<ContainerStats, any Error> {
    throw notYet()
  }

  /// `GET /containers/{id}/changes`.
  package func containerChanges(_ reference: String) async throws -> [FilesystemChange] { throw notYet() }
}
