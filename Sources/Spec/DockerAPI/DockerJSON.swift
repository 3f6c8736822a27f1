// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import OCISpec

/// JSON in and out of the wire types: read as Go reads it (names in any case, unknown ones ignored), with errors that name the field.
package enum DockerJSON {
  /// Decodes a request body. Throws `invalidArgument` with the path of the field that does not fit.
  package static func decode<T: Decodable>(_ type: T.Type, from bytes: some Sequence<UInt8>) throws(HullError) -> T {
    let value = try RuntimeJSON.parse(Array(bytes))
    do {
      return try RuntimeJSON.decode(type, from: value)
    } catch {
      throw HullError(error.code, "invalid JSON: field \(error.message)", cause: error.cause)
    }
  }

  /// Encodes an answer. Slashes are not escaped, as in Go.
  package static func encode(_ value: some Encodable) throws(HullError) -> Data {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .withoutEscapingSlashes
      return try encoder.encode(value)
    } catch {
      throw HullError(.internalError, "cannot encode \(type(of: value)) as JSON", cause: error)
    }
  }
}
