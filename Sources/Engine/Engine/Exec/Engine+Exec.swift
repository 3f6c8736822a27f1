// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

extension Engine {
  /// `POST /containers/{id}/exec`.
  package func createExec(_ reference: String, _ config: ExecConfig) async throws -> IDResponse { throw notYet() }

  /// `POST /exec/{id}/start`. `nil` when detached.
  package func startExec(_ id: String, _ config: ExecStartConfig) async throws -> AttachStream? { throw notYet() }

  /// `POST /exec/{id}/resize`.
  package func resizeExec(_ id: String, size: TerminalSize) async throws { throw notYet() }

  /// `GET /exec/{id}/json`.
  package func inspectExec(_ id: String) async throws -> ExecInspect { throw notYet() }
}
