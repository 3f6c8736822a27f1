// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import Glibc
import NIOHTTP1
import OCISpec

/// What a registry says is wrong (distribution specification, error codes).
struct RegistryError: Sendable, Hashable {
  /// `MANIFEST_UNKNOWN`
  let code: String
  let message: String

  /// As Docker writes it: `manifest unknown: manifest unknown`.
  var text: String {
    let words = code.lowercased().replacing("_", with: " ")
    return message.isEmpty ? words : "\(words): \(message)"
  }

  /// Reads the body of an answer; `nil` when it holds no error.
  init?(json: [UInt8], status: UInt) {
    guard let body = try? JSONDecoder().decode(ErrorBody.self, from: Data(json)) else { return nil }
    if let first = body.errors?.first {
      code = plain(first.code ?? "UNKNOWN")
      message = plain(first.message ?? "")
    } else if let details = body.details ?? body.error_description ?? body.message, !details.isEmpty {
      code = status == 401 ? "UNAUTHORIZED" : status == 403 ? "DENIED" : status == 429 ? "TOOMANYREQUESTS" : "UNKNOWN"
      message = plain(details)
    } else {
      return nil
    }
  }

  init(code: String, message: String) {
    self.code = code
    self.message = message
  }

  /// What the header of a refused bearer token says (RFC 6750, section 3.1).
  init?(challenges: [Challenge]) {
    let refusal = challenges.first { $0.scheme == "bearer" && $0.parameters["error"] != nil }
    let description = (refusal?.parameters["error_description"]).map(plain)
    switch refusal?.parameters["error"] {
    case "invalid_token": self.init(code: "UNAUTHORIZED", message: description ?? "authentication required")
    case "insufficient_scope": self.init(code: "DENIED", message: description ?? "requested access to the resource is denied")
    default: return nil
    }
  }
}

/// The shapes in which registries and token servers say what is wrong.
private struct ErrorBody: Decodable {
  struct Entry: Decodable {
    var code: String?
    var message: String?
  }

  var errors: [Entry]?
  var details: String?
  var message: String?
  var error_description: String?
}

/// Text from outside in one line of bounded length.
private func plain(_ text: String) -> String {
  String(text.prefix(500).map { $0.isNewline || $0.asciiValue.map { $0 < 0x20 || $0 == 0x7f } ?? false ? " " : $0 })
}

extension Answer {
  /// What an answer that is no success means. Reads its body, as far as a reasonable one goes.
  func failure(_ limits: ClientLimits) async -> PlaceFailure {
    let body = call.method == .HEAD ? [] : (try? await bytes(limit: 64 << 10, stall: min(limits.stallTimeout, .seconds(10)))) ?? []
    let said = RegistryError(challenges: Challenge.parse(headers["www-authenticate"])) ?? RegistryError(json: body, status: status.code) ?? assumed
    let text = said?.text ?? "received unexpected HTTP status: \(statusLine)"
    let wait = kind == .limited ? retryAfter.map { " (Retry-After: \($0.components.seconds) s)" } ?? "" : ""
    return PlaceFailure(kind, text + wait, code: said?.code ?? "", retryAfter: retryAfter)
  }

  private var kind: PlaceFailure.Kind {
    switch status.code {
    case 401, 403: .denied
    case 404, 410: .missing
    case 429: .limited
    case 408, 425, 500...: .unavailable
    default: .refused
    }
  }

  /// What a status alone means, in the registry's own words for it.
  private var assumed: RegistryError? {
    switch status.code {
    case 401: RegistryError(code: "UNAUTHORIZED", message: "authentication required")
    case 403: RegistryError(code: "DENIED", message: "requested access to the resource is denied")
    case 429: RegistryError(code: "TOOMANYREQUESTS", message: "the registry wants fewer requests")
    default: nil
    }
  }

  /// `Retry-After` as seconds or as a date (RFC 9110, section 10.2.3).
  private var retryAfter: Duration? {
    guard let text = headers.first(name: "retry-after") else { return nil }
    if let seconds = Int64(text) { return .seconds(min(max(seconds, 0), 1 << 30)) }
    guard let date = HTTPDate.seconds(text) else { return nil }
    return .seconds(max(date - time(nil), 0))
  }
}
