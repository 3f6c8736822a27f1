// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

extension Engine {
  /// `POST /containers/create`. `platform` as in the query, `linux/amd64`.
  package func createContainer(name: String?, request: ContainerCreateRequest, platform: String?) async throws -> ContainerCreateResponse {
    throw notYet()
  }

  /// `POST /containers/{id}/start`. Throws `notModified` when it runs.
  package func startContainer(_ reference: String, detachKeys: String?) async throws { throw notYet() }

  /// `POST /containers/{id}/stop`. `timeout` in seconds, -1: for ever. Throws `notModified` when it does not run.
  package func stopContainer(_ reference: String, signal: String?, timeout: Int?) async throws { throw notYet() }

  /// `POST /containers/{id}/restart`.
  package func restartContainer(_ reference: String, signal: String?, timeout: Int?) async throws { throw notYet() }

  /// `POST /containers/{id}/kill`.
  package func killContainer(_ reference: String, signal: String?) async throws { throw notYet() }

  /// `POST /containers/{id}/pause`.
  package func pauseContainer(_ reference: String) async throws { throw notYet() }

  /// `POST /containers/{id}/unpause`.
  package func unpauseContainer(_ reference: String) async throws { throw notYet() }

  /// `POST /containers/{id}/wait`; condition `not-running`, `next-exit` or `removed`. The wait is registered when this returns.
  package func waitContainer(_ reference: String, condition: String?) async throws -> WaitHandle { throw notYet() }

  /// `DELETE /containers/{id}`.
  package func removeContainer(_ reference: String, volumes: Bool, force: Bool, link: Bool) async throws { throw notYet() }

  /// `POST /containers/{id}/rename`.
  package func renameContainer(_ reference: String, to name: String) async throws { throw notYet() }

  /// `POST /containers/{id}/resize`.
  package func resizeContainer(_ reference: String, size: TerminalSize) async throws { throw notYet() }

  /// `POST /containers/{id}/update`.
  package func updateContainer(_ reference: String, _ request: ContainerUpdateRequest) async throws -> ContainerUpdateResponse { throw notYet() }

  /// `POST /containers/prune`.
  package func pruneContainers(filters: Filters) async throws -> ContainersPruneReport { throw notYet() }
}
