// SPDX-License-Identifier: Apache-2.0
import DockerAPI

/// What `GET /containers/json` asks for.
package struct ListOptions: Sendable {
  package var all = false
  /// The newest n, running or not; `nil`: no limit.
  package var limit: Int?
  package var size = false
  package var filters = Filters()
  package init() {}
}

/// What `GET /containers/{id}/logs` asks for.
package struct LogOptions: Sendable {
  package var stdout = false
  package var stderr = false
  package var follow = false
  package var timestamps = false
  package var details = false
  /// The number of lines from the end; `nil`: all.
  package var tail: Int?
  /// Nanoseconds since 1970; `nil`: no bound.
  package var since: Int64?
  package var until: Int64?
  package init() {}
}

/// What `POST /containers/{id}/attach` asks for.
package struct AttachOptions: Sendable {
  package var stdin = false
  package var stdout = false
  package var stderr = false
  /// First what was written before.
  package var logs = false
  /// Then what is written from now on.
  package var stream = false
  /// `nil`: ctrl-p,ctrl-q.
  package var detachKeys: String?
  package init() {}
}

/// A terminal's size in characters.
package struct TerminalSize: Sendable, Equatable {
  package var rows: UInt16
  package var columns: UInt16
  package init(rows: UInt16, columns: UInt16) {
    self.rows = rows
    self.columns = columns
  }
}

/// What `GET /events` asks for.
package struct EventOptions: Sendable {
  /// Nanoseconds since 1970; `nil`: no bound (`until`: for ever).
  package var since: Int64?
  package var until: Int64?
  package var filters = Filters()
  package init() {}
}
