// SPDX-License-Identifier: Apache-2.0
import Errors

/// JSON to and from `Codable` types without Foundation: for programs that start in a millisecond.
///
/// Members are written in the order in which a type encodes them.
package enum RuntimeJSON {
  package static func parse(_ text: [UInt8]) throws(HullError) -> JSONValue { try JSONReader.read(text) }

  /// Errors name the member: `linux.resources.pids.limit: expected a number, found string`.
  package static func decode<T: Decodable>(_ type: T.Type, from text: [UInt8]) throws(HullError) -> T { try decode(type, from: parse(text)) }

  package static func decode<T: Decodable>(_ type: T.Type, from value: JSONValue) throws(HullError) -> T {
    do {
      return try JSONValueDecoder(value: value, codingPath: []).unbox(type)
    } catch let error as DecodingError {
      throw HullError(.invalidArgument, message(error))
    } catch let error as HullError {
      throw error
    } catch {
      throw HullError(.invalidArgument, "invalid JSON", cause: error)
    }
  }

  package static func value(_ value: some Encodable) throws(HullError) -> JSONValue {
    do {
      let encoder = JSONValueEncoder(codingPath: [])
      try encoder.encode(value)
      return encoder.result
    } catch {
      throw HullError(.internalError, "encoding JSON", cause: error)
    }
  }

  package static func encode(_ value: some Encodable, indent: String? = nil) throws(HullError) -> [UInt8] {
    try self.value(value).text(indent: indent)
  }

  private static func message(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context): "\(path(context.codingPath + [key])): is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      "\(path(context.codingPath)): \(context.debugDescription)"
    @unknown default: "\(error)"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    let path = keys.reduce(into: "") { path, key in
      if let index = key.intValue { path += "[\(index)]" } else { path += (path.isEmpty ? "" : ".") + key.stringValue }
    }
    return path.isEmpty ? "the value" : path
  }
}

/// A place in an array or object that no type's own key names.
struct JSONKey: CodingKey {
  let stringValue: String
  let intValue: Int?
  init(stringValue: String) {
    self.stringValue = stringValue
    intValue = nil
  }
  init(intValue: Int) {
    stringValue = String(intValue)
    self.intValue = intValue
  }
  init(_ name: String) { self.init(stringValue: name) }
}
