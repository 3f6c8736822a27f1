// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Connections on which a client speaks HTTP/2 from the first byte.
extension HTTPConnection {
  /// Whether the connection is such a one, or may yet be: then it is no longer looked at as HTTP/1.
  func takesPreface() -> Bool {
    guard isFresh, configuration.http2 != nil else { return false }
    switch Preface.match(unread) {
    case .none: return false
    case .part: awaitPreface()
    case .whole: handOverToHTTP2()
    }
    return true
  }

  /// As with any other head, the rest has a deadline.
  private func awaitPreface() { if inputClosed { close() } else { awaitHead() } }

  private func handOverToHTTP2() {
    guard let context, let http2 = configuration.http2 else { return }
    stopWaiting()
    phase = .hijacking
    http2(context.channel).hop(to: loop).assumeIsolated().whenComplete { [self] result in
      guard case .success = result else { return close() }
      leavePipeline()
    }
  }
}
