// SPDX-License-Identifier: Apache-2.0
import Errors

/// The error codes of the distribution specification (section "Error Codes"), as codes of Hull's one error type.
extension HullError.Code {
  package static let blobUnknown = Self(rawValue: "BLOB_UNKNOWN")
  package static let blobUploadInvalid = Self(rawValue: "BLOB_UPLOAD_INVALID")
  package static let blobUploadUnknown = Self(rawValue: "BLOB_UPLOAD_UNKNOWN")
  package static let digestInvalid = Self(rawValue: "DIGEST_INVALID")
  package static let manifestBlobUnknown = Self(rawValue: "MANIFEST_BLOB_UNKNOWN")
  package static let manifestInvalid = Self(rawValue: "MANIFEST_INVALID")
  package static let manifestUnknown = Self(rawValue: "MANIFEST_UNKNOWN")
  package static let nameInvalid = Self(rawValue: "NAME_INVALID")
  package static let nameUnknown = Self(rawValue: "NAME_UNKNOWN")
  package static let sizeInvalid = Self(rawValue: "SIZE_INVALID")
  package static let tagInvalid = Self(rawValue: "TAG_INVALID")
  /// A chunk that does not begin where the upload ends: HTTP 416.
  package static let rangeInvalid = Self(rawValue: "RANGE_INVALID")
  package static let denied = Self(rawValue: "DENIED")
  package static let needsLogin = Self(rawValue: "UNAUTHORIZED")
  package static let unsupportedHere = Self(rawValue: "UNSUPPORTED")
}
