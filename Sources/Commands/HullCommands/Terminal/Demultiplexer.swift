// SPDX-License-Identifier: Apache-2.0
import Errors

/// Parts Docker's stream format into standard output and standard error: eight bytes `[stream, 0, 0, 0, length (big endian)]`, then the data.
struct Demultiplexer {
  enum Stream: UInt8 { case stdin, stdout, stderr, systemError }

  private var header: [UInt8] = []
  private var left = 0
  private var stream = Stream.stdout

  /// Calls `emit` for each piece of data in these bytes; frames may be cut anywhere.
  mutating func feed(_ bytes: [UInt8], _ emit: (Stream, ArraySlice<UInt8>) throws -> Void) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      if left == 0 {
        let missing = 8 - header.count
        header += rest.prefix(missing)
        rest = rest.dropFirst(missing)
        guard header.count == 8 else { return }
        guard let next = Stream(rawValue: header[0]) else {
          throw HullError(.internalError, "unrecognized stream type in the engine's answer: \(header[0])")
        }
        stream = next
        left = header[4...].reduce(0) { $0 << 8 | Int($1) }
        header.removeAll(keepingCapacity: true)
      } else {
        let piece = rest.prefix(left)
        try emit(stream, piece)
        left -= piece.count
        rest = rest.dropFirst(piece.count)
      }
    }
  }

  /// Writes the data to descriptors 1 and 2; a message of the engine about the stream is an error.
  mutating func copy(_ bytes: [UInt8], stdout: Bool = true, stderr: Bool = true) throws {
    try feed(bytes) { stream, data in
      switch stream {
      case .stdin, .stdout: if stdout { try Output.deliver(1, Array(data)) }
      case .stderr: if stderr { try Output.deliver(2, Array(data)) }
      case .systemError: throw HullError(.internalError, "error from daemon in stream: \(String(decoding: data, as: UTF8.self))")
      }
    }
  }
}
