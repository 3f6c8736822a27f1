// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

extension Engine {
  /// `GET /containers/{id}/logs`.
  package func containerLogs(_ reference: String, _ options: LogOptions) async throws -> LogStream { throw notYet() }

  /// `POST /containers/{id}/attach`, also of a container that is not started yet.
  package func attachContainer(_ reference: String, _ options: AttachOptions) async throws -> AttachStream { throw notYet() }
}
