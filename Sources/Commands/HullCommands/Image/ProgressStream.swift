// SPDX-License-Identifier: Apache-2.0
import Errors

/// An engine's stream of progress messages: JSON values, one behind the other, an error among them ends it.
struct ProgressStream {
  private let response: Response
  private var pending: [UInt8] = []

  init(_ response: Response) { self.response = response }

  /// The next message; `nil` at the end.
  mutating func next() throws -> JSON? {
    while true {
      if let end = pending.firstIndex(of: 0x0A) {
        let line = Array(pending[..<end])
        pending.removeFirst(end + 1)
        if line.allSatisfy({ $0 == 0x0D || $0 == 0x20 }) { continue }
        return try message(line)
      }
      let bytes = try response.read()
      if bytes.isEmpty {
        let rest = pending
        pending = []
        return rest.isEmpty ? nil : try message(rest)
      }
      pending += bytes
    }
  }

  private func message(_ line: [UInt8]) throws -> JSON {
    let message = try JSONParser.parse(line)
    if let error = message["errorDetail"]["message"].string ?? message["error"].string { throw HullError(.internalError, error) }
    return message
  }

  /// Prints what the messages say; `quiet` leaves out all but the stream's text. On a terminal the parts of a transfer have bars that move.
  mutating func show(quiet: Bool, isError: Bool = false) throws {
    let out = Output.shared
    let bars = quiet ? nil : Self.bars(isError ? 2 : 1)
    defer { bars?.end() }
    while let message = try next() {
      if let text = message["stream"].string {
        out.write(text)
        out.flush()
      } else if let status = message["status"].string, !quiet {
        if let id = message["id"].string, let bars {
          bars.update(id, message)
        } else if message["progressDetail"].object.isEmpty {
          bars?.end()
          let line = (message["id"].string.map { "\($0): " } ?? "") + status
          if isError { out.error(line) } else { out.line(line) }
        }
      }
    }
  }

  private static func bars(_ descriptor: Int32) -> ProgressBars? {
    guard Terminal.isTerminal(descriptor) else { return nil }
    let write: (String) -> Void = { text in
      Output.shared.flush()
      Output.writeAll(descriptor, Array(text.utf8))
    }
    return ProgressBars(size: { Terminal.size(descriptor) ?? (24, 80) }, write: write, now: { Progress.now })
  }
}
