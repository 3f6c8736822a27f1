// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull events`
enum SystemEvents {
  static let command = Command(
    name: "events", summary: "Get real time events from the server", usage: "[OPTIONS]", aliases: ["system events", "events"],
    flags: {
      [
        .filter(), .format(table: false), .string("since", "Show all events created since timestamp"),
        .string("until", "Stream events until this timestamp"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let format = call.string("format")
    let template: Template?
    do {
      template = format.isEmpty || format == "json" ? nil : try Template(format)
    } catch {
      throw ExitStatus(64, "Error parsing format: \(error)")
    }
    var query = Filters.query(call.list("filter"))
    for name in ["since", "until"] where call.changed(name) { query.append((name, try Timestamp.query(call.string(name)))) }
    var stream = ProgressStream(try call.engine().send("GET", "/events", query: query))
    while let event = try stream.next() {
      if let template {
        call.out.line(try template.render(TemplateSubject(value: event)))
      } else {
        call.out.line(format == "json" ? event.encoded() : text(event))
      }
      call.out.flush()
    }
    return 0
  }

  private static func text(_ event: JSON) -> String {
    let nanoseconds = event["timeNano"].int ?? (event["time"].int ?? 0) * 1_000_000_000
    let moment = Timestamp(seconds: nanoseconds / 1_000_000_000, nanoseconds: nanoseconds % 1_000_000_000)
    let attributes = event["Actor"]["Attributes"].object.sorted.map { "\($0.key)=\($0.value.text)" }
    let behind = attributes.isEmpty ? "" : " (\(attributes.joined(separator: ", ")))"
    return "\(moment.rfc3339Nano) \(event["Type"].text) \(event["Action"].text) \(event["Actor"]["ID"].text)\(behind)"
  }
}
