// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

extension Engine {
  /// `GET /version`.
  package func version() async throws -> VersionInfo { throw notYet() }

  /// `GET /info`.
  package func info() async throws -> SystemInfo { throw notYet() }

  /// `GET /system/df`.
  package func diskUsage() async throws -> DiskUsage { throw notYet() }

  /// `GET /events`: the events kept since `since`, then, without `until` in the past, those that come.
  package func events(_ options: EventOptions) async throws -> AsyncStream<EventMessage> { throw notYet() }
}
