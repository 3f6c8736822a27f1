// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// What `docker import` says beside the archive.
package struct ImportRequest: Sendable {
  /// `nil`: the image stays untagged.
  package var reference: Reference?
  package var message: String
  /// Dockerfile instructions: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR, STOPSIGNAL, HEALTHCHECK, ONBUILD.
  package var changes: [String]
  /// `nil`: the host's.
  package var platform: Platform?
  /// Where the archive came from, for the history: `-` or a URL.
  package var source: String

  package init(reference: Reference? = nil, message: String = "", changes: [String] = [], platform: Platform? = nil, source: String = "-") {
    self.reference = reference
    self.message = message
    self.changes = changes
    self.platform = platform
    self.source = source
  }
}

/// What `docker commit` makes an image from.
package struct CommitRequest: Sendable {
  /// The container's image; its layers stay below the new one.
  package var parent: ImageID?
  /// The container's own directory of the union: what it changed.
  package var upper: String
  /// The container's configuration, over which `changes` go.
  package var config: ProcessConfig
  package var changes: [String]
  /// The command that ran in the container, for the history.
  package var createdBy: String
  package var author: String
  package var comment: String
  /// `nil`: the image stays untagged.
  package var reference: Reference?

  package init(parent: ImageID?, upper: String, config: ProcessConfig, changes: [String] = []) {
    self.parent = parent
    self.upper = upper
    self.config = config
    self.changes = changes
    createdBy = ""
    author = ""
    comment = ""
  }
}
