// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Foundation
import OCISpec
import SwiftProtobuf

/// When a build and its steps began and ended, as spans of OpenTelemetry: one JSON document after the other, as BuildKit keeps them.
struct HistoryTrace {
  static let mediaType = "application/vnd.buildkit.otlp.json.v0"

  struct Context: Encodable, Equatable {
    /// 32 hexadecimal digits; zeros: none.
    var traceID: String
    /// 16 hexadecimal digits; zeros: none.
    var spanID: String
    var traceFlags = "01"
    var traceState = ""
    var remote = false

    static let none = Context(traceID: String(repeating: "0", count: 32), spanID: String(repeating: "0", count: 16))

    enum CodingKeys: String, CodingKey {
      case traceID = "TraceID"
      case spanID = "SpanID"
      case traceFlags = "TraceFlags"
      case traceState = "TraceState"
      case remote = "Remote"
    }
  }

  struct Attribute: Encodable, Equatable {
    struct Value: Encodable, Equatable {
      var type = "STRING"
      var value: String
      enum CodingKeys: String, CodingKey {
        case type = "Type"
        case value = "Value"
      }
    }
    var key: String
    var value: Value

    init(_ key: String, _ value: String) { (self.key, self.value) = (key, Value(value: value)) }

    enum CodingKeys: String, CodingKey {
      case key = "Key"
      case value = "Value"
    }
  }

  struct Status: Encodable, Equatable {
    /// 0: nothing is said, 1: it failed.
    var code = 0
    var description = ""

    init(error: String) { if !error.isEmpty { (code, description) = (1, error) } }

    enum CodingKeys: String, CodingKey {
      case code = "Code"
      case description = "Description"
    }
  }

  struct Span: Encodable, Equatable {
    var name: String
    var context: Context
    var parent: Context
    /// 1: internal, 2: of a server.
    var kind = 1
    var start: String
    var end: String
    var attributes: [Attribute] = []
    var status = Status(error: "")
    var children = 0
    var resource = [Attribute("service.name", "hulld")]

    enum CodingKeys: String, CodingKey {
      case name = "Name"
      case context = "SpanContext"
      case parent = "Parent"
      case kind = "SpanKind"
      case start = "StartTime"
      case end = "EndTime"
      case attributes = "Attributes"
      case status = "Status"
      case children = "ChildSpanCount"
      case resource = "Resource"
    }
  }

  /// The build, then its steps that have begun, in their order.
  let spans: [Span]

  init(_ record: ControlBuildHistoryRecord, _ vertices: [ControlVertex]) {
    let trace = String(SHA256.digest(of: record.ref).hex.prefix(32))
    func context(_ name: String) -> Context { Context(traceID: trace, spanID: String(SHA256.digest(of: "\(record.ref) \(name)").hex.prefix(16))) }
    let root = context("")
    let steps = vertices.filter(\.hasStarted).map { vertex -> Span in
      let end = vertex.hasCompleted ? vertex.completed : record.completedAt
      var span = Span(
        name: vertex.name, context: context(vertex.digest), parent: root, start: vertex.started.text, end: end.text,
        attributes: [Attribute("vertex", vertex.digest)], status: Status(error: vertex.error))
      if vertex.cached { span.attributes.append(Attribute("cached", "true")) }
      return span
    }
    var build = Span(
      name: "moby.buildkit.v1.Control/Solve", context: root, parent: .none, kind: 2, start: record.createdAt.text, end: record.completedAt.text,
      attributes: [Attribute("ref", record.ref)], status: Status(error: record.error.message))
    build.children = steps.count
    spans = [build] + steps
  }

  /// `nil` when it cannot be written.
  var json: [UInt8]? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let documents = try? spans.map({ try encoder.encode($0) }) else { return nil }
    return documents.flatMap { Array($0) + [UInt8(ascii: "\n")] }
  }
}

extension Google_Protobuf_Timestamp {
  fileprivate var text: String { RFC3339.text(nanoseconds: seconds * 1_000_000_000 + Int64(nanos)) }
}
