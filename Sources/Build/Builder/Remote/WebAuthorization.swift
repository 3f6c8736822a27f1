// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient

/// What a client has for getting at a private file of the web (BuildKit's reference of Dockerfiles, ADD, secrets).
struct WebAuthorization {
  private let session: any BuildSession

  init(_ session: any BuildSession) { self.session = session }

  /// The value of the request's `Authorization`: the secret that the step names, else `HTTP_AUTH_TOKEN_HOST` as a bearer's token, else
  /// `HTTP_AUTH_HEADER_HOST`; `nil`: the client has none of them.
  /// - Throws: `notFound` when the client does not have the secret that the step names, `invalidArgument` for one that no header field can have.
  func value(for step: DownloadStep) async throws -> String? {
    if let name = step.secret {
      if let bytes = try await session.secret(name) { return try value(of: bytes, name) }
      throw HullError(.notFound, "cannot download \(step.url): the client has no secret \(quoted(name))")
    }
    guard let host = try? WebAddress(step.url).bareHost else { return nil }
    if let token = try await secret("HTTP_AUTH_TOKEN_\(host)") { return "Bearer \(token)" }
    return try await secret("HTTP_AUTH_HEADER_\(host)")
  }

  /// What the client does not give, for whatever reason, it does not have.
  private func secret(_ name: String) async throws -> String? {
    guard let bytes = try? await session.secret(name) else { return nil }
    return try value(of: bytes, name)
  }

  private func value(of bytes: [UInt8], _ name: String) throws(HullError) -> String {
    // A file ends with a new line.
    let value = String(decoding: bytes, as: UTF8.self).trimming(\.isNewline)
    guard value.utf8.allSatisfy({ $0 == 9 || ($0 >= 32 && $0 != 127) }) else {
      throw HullError(.invalidArgument, "the secret \(quoted(name)) cannot be sent: it has characters that no header field may have")
    }
    return value
  }
}
