// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore

/// What is known about a request beside its head and body.
struct RegistryContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The client's address.
  let peer: String

  init(source: Source) {
    coreContext = .init(source: source)
    peer = source.channel.remoteAddress?.ipAddress ?? "unix"
  }
}
