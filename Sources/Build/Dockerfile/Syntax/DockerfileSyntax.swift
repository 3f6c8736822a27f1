// SPDX-License-Identifier: Apache-2.0

/// The syntax that is read.
package enum DockerfileSyntax {
  /// The release of `docker/dockerfile` whose stable syntax it is, for clients that ask.
  package static let version = "1.20.0"
}
