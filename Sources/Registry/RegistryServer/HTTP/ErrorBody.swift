// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import Hummingbird
import OCISpec
import RegistryStore

/// One header of a request or response.
typealias Field = HTTPFields.Element

/// An error as the distribution specification writes it: a status and `{"errors":[{"code","message","detail"}]}`.
struct ErrorBody: Encodable {
  struct Entry: Encodable {
    let code: String
    let message: String
    let detail: [Detail]?
  }

  struct Detail: Encodable {
    let digest: String
  }

  let errors: [Entry]

  init(_ error: HullError) {
    let missing = (error.cause as? MissingContents)?.digests.prefix(100).map { Detail(digest: $0.description) }
    errors = [Entry(code: ErrorBody.code(error.code), message: error.description, detail: missing)]
  }

  /// The code that clients know.
  private static func code(_ code: HullError.Code) -> String {
    switch code {
    case .tooLarge: "SIZE_INVALID"
    case .rangeInvalid: "BLOB_UPLOAD_INVALID"
    case .tagInvalid: "MANIFEST_INVALID"
    case .notFound: "NAME_UNKNOWN"
    case .invalidArgument: "UNSUPPORTED"
    case .unavailable: "UNAVAILABLE"
    case .unauthorized: "UNAUTHORIZED"
    case .forbidden: "DENIED"
    case .internalError: "UNKNOWN"
    default: code.rawValue
    }
  }

  static func status(_ code: HullError.Code) -> HTTPResponse.Status {
    switch code {
    case .blobUnknown, .blobUploadUnknown, .manifestUnknown, .nameUnknown, .notFound, .manifestBlobUnknown: .notFound
    case .needsLogin, .unauthorized: .unauthorized
    case .denied, .forbidden: .forbidden
    case .unsupportedHere, .unsupported: .methodNotAllowed
    case .rangeInvalid: .rangeNotSatisfiable
    case .tooLarge: .contentTooLarge
    case .unavailable: .serviceUnavailable
    case .internalError: .internalServerError
    default: .badRequest
    }
  }
}

extension Response {
  /// The answer that tells an error.
  init(_ error: HullError) {
    self.init(json: ErrorBody(error), status: ErrorBody.status(error.code))
  }

  /// Any value as JSON.
  init(json value: some Encodable, status: HTTPResponse.Status = .ok, type: String = "application/json") {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = (try? encoder.encode(value)) ?? Data("{}".utf8)
    self.init(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// No body but a length, for `HEAD`.
  static func headOnly(_ status: HTTPResponse.Status, length: Int64, headers: HTTPFields) -> Response {
    var headers = headers
    headers[.contentLength] = String(length)
    return Response(status: status, headers: headers)
  }
}

extension Field.Name {
  static let apiVersion = Self("Docker-Distribution-Api-Version")!
  static let contentDigest = Self("Docker-Content-Digest")!
  static let uploadID = Self("Docker-Upload-UUID")!
  static let link = Self("Link")!
  static let subject = Self("OCI-Subject")!
  static let filtersApplied = Self("OCI-Filters-Applied")!
  static let forwardedProtocol = Self("X-Forwarded-Proto")!
}
