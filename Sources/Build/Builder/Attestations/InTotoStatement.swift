// SPDX-License-Identifier: Apache-2.0
import Errors
import ImageStore
import OCISpec

/// Something that is said of artifacts (in-toto attestation framework, Statement v1).
private struct InTotoStatement<Body: Encodable>: Encodable {
  let type = "https://in-toto.io/Statement/v1"
  let predicateType: String
  let subject: [StatementSubject]
  let predicate: Body

  enum CodingKeys: String, CodingKey {
    case predicateType, subject, predicate
    case type = "_type"
  }
}

/// What a statement is about.
struct StatementSubject: Encodable, Hashable, Sendable {
  /// A package URL, a path, or `_`.
  var name: String
  var digest: [String: String]

  init(name: String, digest: Digest) {
    self.name = name
    self.digest = [digest.algorithm: digest.hex]
  }
}

/// Something to be said, whatever it will be said of.
struct Predicate: Sendable {
  let type: String
  /// Of the file, where the result is files.
  let filename: String
  /// The whole statement, in JSON.
  let statement: @Sendable (_ about: [StatementSubject]) throws(HullError) -> [UInt8]
  /// The predicate alone, in JSON.
  let json: [UInt8]

  init(type: String, filename: String, _ body: some Encodable & Sendable) throws(HullError) {
    self.type = type
    self.filename = filename
    json = try JSON.encode(body)
    statement = { (subjects) throws(HullError) in try JSON.encode(InTotoStatement(predicateType: type, subject: subjects, predicate: body)) }
  }
}
