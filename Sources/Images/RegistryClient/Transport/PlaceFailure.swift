// SPDX-License-Identifier: Apache-2.0
import Errors

/// Why a place could not give what was asked of it. Decides whether it is asked again, or the next one.
struct PlaceFailure: Error, Sendable {
  enum Kind: Sendable, Hashable {
    /// Nothing was reached there.
    case unreachable
    /// The connection ended or stood still in the middle.
    case cut
    /// It cannot just now: 5xx and the like.
    case unavailable
    /// It wants fewer requests.
    case limited
    /// It does not have it.
    case missing
    /// It does not want to: 401, 403.
    case denied
    /// It answered what no registry may.
    case misbehaved
    /// It sent everything where a part was asked for.
    case ignoredRange
    /// It refused the request for another reason.
    case refused
  }

  let kind: Kind
  let error: HullError
  /// The registry's code, `MANIFEST_UNKNOWN`, and its message, where it gave one.
  var code = ""
  /// How long it wants to be left alone.
  var retryAfter: Duration?

  init(_ kind: Kind, _ message: String, code: String = "", retryAfter: Duration? = nil) {
    self.kind = kind
    error = HullError(PlaceFailure.errorCode(kind), message)
    self.code = code
    self.retryAfter = retryAfter
  }

  private init(_ kind: Kind, _ error: HullError, code: String, retryAfter: Duration?) {
    self.kind = kind
    self.error = error
    self.code = code
    self.retryAfter = retryAfter
  }

  /// The connection ended before an answer began.
  var isEOF: Bool { error.message.hasSuffix("EOF") || error.message.contains("the connection was cut: ") }

  /// Asking again may help.
  var isTransient: Bool { [.unreachable, .cut, .unavailable, .limited, .ignoredRange].contains(kind) }

  /// With words before the message.
  func prefixed(_ words: String) -> PlaceFailure {
    PlaceFailure(kind, HullError(error.code, "\(words): \(error.message)"), code: code, retryAfter: retryAfter)
  }

  /// With another message in place of it.
  func saying(_ message: String, code: HullError.Code? = nil) -> PlaceFailure {
    PlaceFailure(kind, HullError(code ?? error.code, message), code: self.code, retryAfter: retryAfter)
  }

  private static func errorCode(_ kind: Kind) -> HullError.Code {
    switch kind {
    case .missing: .notFound
    case .denied: .unauthorized
    case .unreachable, .cut, .unavailable, .limited: .unavailable
    case .misbehaved, .ignoredRange, .refused: .internalError
    }
  }
}
