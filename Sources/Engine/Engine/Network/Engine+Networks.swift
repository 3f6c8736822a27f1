// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

extension Engine {
  /// `GET /networks`.
  package func listNetworks(filters: Filters) async throws -> [NetworkInspect] { throw notYet() }

  /// `GET /networks/{id}`.
  package func inspectNetwork(_ reference: String) async throws -> NetworkInspect { throw notYet() }

  /// `GET /volumes`.
  package func listVolumes(filters: Filters) async throws -> VolumeList { throw notYet() }
}
