// SPDX-License-Identifier: Apache-2.0

/// A container's state as the OCI runtime specification shows it to `state` and to hooks.
package struct RuntimeState: Codable, Sendable, Equatable {
  package enum Status: String, Codable, Sendable { case creating, created, running, stopped, paused }

  package var ociVersion: String = RuntimeSpec.version
  package var id: String
  package var status: Status
  /// 0 when no process is there.
  package var pid: Int32
  package var bundle: String
  package var annotations: [String: String]?

  package init(id: String, status: Status, pid: Int32, bundle: String, annotations: [String: String]? = nil) {
    self.id = id
    self.status = status
    self.pid = pid
    self.bundle = bundle
    self.annotations = annotations
  }
}
