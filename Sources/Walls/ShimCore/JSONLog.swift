// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import ShimLoop
import ShimProtocol

/// The workload's log in Docker's json-file format, one JSON object a line:
/// `{"log":"…\n","stream":"stdout","time":"2026-11-22T12:00:00.123456789Z"}`.
final class JSONLog {
  /// Lines gather up to here before they are written.
  private static let batch = 64 * 1024
  /// What one piece can become: its text, and what stands around it.
  private static let entryLimit = JSONEscape.expansion * LineSplitter.limit + JSONEscape.slack + 128

  private let file: LogFile
  private var timestamp = Timestamp()
  private var standardOutput = LineSplitter()
  private var standardError = LineSplitter()
  /// Reserved once; pages that are not touched cost nothing.
  private let buffer: Pages
  private var used = 0

  init(_ plan: LogPlan) throws(HullError) {
    file = try LogFile(plan)
    buffer = Pages(JSONLog.batch + JSONLog.entryLimit)
  }

  /// Logs output of one stream. Whole lines are in the file when this returns.
  func append(_ bytes: UnsafeRawBufferPointer, stream: StandardStream) {
    withSplitter(stream) { splitter in
      splitter.split(bytes) { piece, count, complete, time in add(piece, count, complete, time, stream) }
    }
    flush()
  }

  /// A stream has ended: its unfinished line is logged as it is.
  func finish(_ stream: StandardStream) {
    withSplitter(stream) { splitter in
      splitter.finish { piece, count, complete, time in add(piece, count, complete, time, stream) }
    }
    flush()
  }

  func closeFile() { file.closeFile() }

  /// Gives memory back to the system while nothing is to be logged.
  func trim() {
    standardOutput.trim()
    standardError.trim()
    buffer.trim()
  }

  private func withSplitter(_ stream: StandardStream, _ body: (inout LineSplitter) -> Void) {
    switch stream {
    case .standardOutput: body(&standardOutput)
    case .standardError: body(&standardError)
    }
  }

  private func add(_ piece: UnsafeRawPointer, _ count: Int, _ complete: Bool, _ time: Int64, _ stream: StandardStream) {
    if file.isFull(pending: used) {
      flush()
      file.rotate()
    }
    var end = buffer.base + used
    end += JSONEscape.writeText("{\"log\":\"", to: end)
    end += JSONEscape.write(piece, count: count, to: end)
    if complete { end += JSONEscape.writeText("\\n", to: end) }
    switch stream {
    case .standardOutput: end += JSONEscape.writeText("\",\"stream\":\"stdout\",\"time\":\"", to: end)
    case .standardError: end += JSONEscape.writeText("\",\"stream\":\"stderr\",\"time\":\"", to: end)
    }
    end += timestamp.write(time, to: end)
    end += JSONEscape.writeText("\"}\n", to: end)
    used = end - buffer.base
    if used >= JSONLog.batch { flush() }
  }

  private func flush() {
    guard used > 0 else { return }
    file.append(buffer.base, count: used)
    used = 0
  }
}

/// The two streams of output; the number is the one in Docker's frames.
enum StandardStream: UInt8 {
  case standardOutput = 1
  case standardError = 2
}
