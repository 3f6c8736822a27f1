// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// What a client sends first that speaks HTTP/2 without having asked whether it may (RFC 9113, 3.3 and 3.4).
enum Preface {
  private static let bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  enum Match: Equatable { case none, part, whole }

  /// How much of it a connection begins with.
  static func match(_ buffer: ByteBuffer) -> Match {
    let beginning = buffer.readableBytesView.prefix(bytes.count)
    guard !beginning.isEmpty, beginning.elementsEqual(bytes.prefix(beginning.count)) else { return .none }
    return beginning.count == bytes.count ? .whole : .part
  }
}
