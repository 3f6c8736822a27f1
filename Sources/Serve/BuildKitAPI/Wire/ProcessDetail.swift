// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Which process an error comes from, as BuildKit's clients show it (`--debug`): a detail of an error. Hull keeps no stacks of calls.
struct ProcessDetail: Encodable {
  /// The name of the type among the details of an error.
  static let type = "github.com/moby/buildkit/stack.Stack+json"

  var cmdline = ["hulld"]
  var pid = getpid()
}
