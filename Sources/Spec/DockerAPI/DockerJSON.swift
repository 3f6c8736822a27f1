// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials

/// JSON in and out of the wire types, with errors that name the field.
package enum DockerJSON {
  /// Decodes a request body. An empty body is an error unless `emptyIsZero` is set, in which case it is the zero value.
  ///
  /// Throws `invalidArgument` with the path of the field that does not fit.
  package static func decode<T: Decodable>(_ type: T.Type, from bytes: some Sequence<UInt8>) throws(HullError) -> T {
    try decode(type, from: Data(bytes))
  }

  /// Decodes a request body. Throws `invalidArgument` with the path of the field that does not fit.
  package static func decode<T: Decodable>(_ type: T.Type, from data: Data) throws(HullError) -> T {
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let error as DecodingError {
      throw HullError(.invalidArgument, describe(error))
    } catch let error as HullError {
      throw error
    } catch {
      throw HullError(.invalidArgument, "invalid JSON", cause: error)
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

  private static func describe(_ error: DecodingError) -> String {
    switch error {
    case .typeMismatch(let type, let context):
      return "invalid JSON: field \(path(context)): cannot be read as \(name(of: type))"
    case .valueNotFound(let type, let context):
      return "invalid JSON: field \(path(context)): null where \(name(of: type)) is expected"
    case .keyNotFound(let key, let context):
      return "invalid JSON: field \(path(context, key)) is missing"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty
        ? "invalid JSON: the body is not a JSON document" : "invalid JSON: field \(path(context)): \(context.debugDescription)"
    @unknown default:
      return "invalid JSON"
    }
  }

  private static func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
    var path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }
    if let last { path.append(".\(last.stringValue)") }
    let joined = path.joined()
    if joined.isEmpty { return "(top level)" }
    return joined.hasPrefix(".") ? String(joined.dropFirst()) : joined
  }

  private static func name(of type: Any.Type) -> String {
    switch type {
    case is any FixedWidthInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    case is any AnyArray.Type: "a list"
    default: "an object"
    }
  }
}

private protocol AnyArray {}
extension Array: AnyArray {}
