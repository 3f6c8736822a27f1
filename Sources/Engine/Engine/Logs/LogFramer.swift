// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Turns log records into what the API sends, leaving out what was not asked for.
struct LogFramer {
  let options: LogOptions
  let terminal: Bool

  /// Appends a record. Gives `false` when it is past `until`: nothing that follows is wanted.
  func append(_ line: LogLine, to buffer: inout ByteBuffer) -> Bool {
    if let until = options.until, line.time > until { return false }
    if let since = options.since, line.time < since { return true }
    guard line.isError ? options.stderr : options.stdout else { return true }
    var prefix = ""
    if options.timestamps { prefix += Timestamp.fixedText(line.time) + " " }
    if options.details { prefix += line.attributes + " " }
    if !terminal {
      buffer.writeInteger(UInt32(line.isError ? 2 : 1) << 24)
      buffer.writeInteger(UInt32(prefix.utf8.count + line.message.count))
    }
    buffer.writeString(prefix)
    buffer.writeBytes(line.message)
    return true
  }
}
