// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch

extension ShimReply {
  /// The answer as a frame that carries the request's tag.
  package func frame(tag: UInt32) -> Frame {
    var writer = WireWriter()
    let type = write(to: &writer)
    return Frame(type: type, tag: tag, payload: writer.bytes)
  }

  /// The answer in a frame; `nil` when the frame is not an answer (an event). Throws `invalidArgument` for a payload that is not
  /// exactly one answer of its type.
  package init?(frame: Frame) throws(HullError) {
    var reader = WireReader(frame.payload)
    switch frame.type {
    case MessageType.ok: self = .ok
    case MessageType.failed: self = .failed(code: HullError.Code(rawValue: try reader.string()), message: try reader.string())
    case MessageType.started:
      self = .started(pid: try reader.int32(), warnings: try reader.array { reader throws(HullError) in try reader.string() })
    case MessageType.statsReply: self = .stats(try CgroupStats(from: &reader))
    case MessageType.processesReply: self = .processes(try reader.array { reader throws(HullError) in try reader.int32() })
    case MessageType.statusReply: self = .status(try ShimStatus(from: &reader))
    default: return nil
    }
    try reader.expectEnd()
  }

  private func write(to writer: inout WireWriter) -> UInt8 {
    switch self {
    case .ok: return MessageType.ok
    case .failed(let code, let message):
      writer.string(code.rawValue)
      writer.string(message)
      return MessageType.failed
    case .started(let pid, let warnings):
      writer.int32(pid)
      writer.array(warnings) { $0.string($1) }
      return MessageType.started
    case .stats(let stats):
      stats.write(to: &writer)
      return MessageType.statsReply
    case .processes(let pids):
      writer.array(pids) { $0.int32($1) }
      return MessageType.processesReply
    case .status(let status):
      status.write(to: &writer)
      return MessageType.statusReply
    }
  }
}

extension ShimEvent {
  /// The event as a frame.
  package func frame() -> Frame {
    var writer = WireWriter()
    switch self {
    case .exited(let process, let exit):
      writer.string(process)
      exit.write(to: &writer)
      return Frame(type: MessageType.exited, tag: 0, payload: writer.bytes)
    case .execStarted(let process, let pid):
      writer.string(process)
      writer.int32(pid)
      return Frame(type: MessageType.execStarted, tag: 0, payload: writer.bytes)
    }
  }

  /// The event in a frame; `nil` when the frame is not an event this side knows. Throws `invalidArgument` for a malformed payload.
  package init?(frame: Frame) throws(HullError) {
    var reader = WireReader(frame.payload)
    switch frame.type {
    case MessageType.exited: self = .exited(process: try reader.string(), exit: try ProcessExit(from: &reader))
    case MessageType.execStarted: self = .execStarted(process: try reader.string(), pid: try reader.int32())
    default: return nil
    }
    try reader.expectEnd()
  }
}

extension ProcessExit {
  func write(to writer: inout WireWriter) {
    writer.int32(code)
    writer.int64(time)
    writer.bool(oomKilled)
  }

  init(from reader: inout WireReader) throws(HullError) {
    self.init(code: try reader.int32(), time: try reader.int64(), oomKilled: try reader.bool())
  }
}

extension ShimStatus {
  func write(to writer: inout WireWriter) {
    writer.uint32(version)
    writer.uint8(state.rawValue)
    writer.int32(pid)
    writer.int64(startedAt)
    writer.optional(exit) { $1.write(to: &$0) }
    writer.array(execs) { writer, exec in
      writer.string(exec.id)
      writer.int32(exec.pid)
      writer.optional(exec.exit) { $1.write(to: &$0) }
    }
  }

  init(from reader: inout WireReader) throws(HullError) {
    version = try reader.uint32()
    let number = try reader.uint8()
    guard let state = State(rawValue: number) else { throw HullError(.invalidArgument, "unknown workload state \(number) in a shim's answer") }
    self.state = state
    pid = try reader.int32()
    startedAt = try reader.int64()
    exit = try reader.optional { reader throws(HullError) in try ProcessExit(from: &reader) }
    execs = try reader.array { reader throws(HullError) in
      ExecStatus(
        id: try reader.string(), pid: try reader.int32(),
        exit: try reader.optional { reader throws(HullError) in try ProcessExit(from: &reader) })
    }
  }
}
