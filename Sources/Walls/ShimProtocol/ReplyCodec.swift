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
    case MessageType.failed: self = .failed(code: HullError.Code(rawValue: try reader.read()), message: try reader.read())
    case MessageType.started:
      self = .started(pid: try reader.read(), warnings: try reader.readList())
    case MessageType.statsReply: self = .stats(try reader.read())
    case MessageType.processesReply: self = .processes(try reader.readList())
    case MessageType.statusReply: self = .status(try reader.read())
    default: return nil
    }
    try reader.finish()
  }

  private func write(to writer: inout WireWriter) -> UInt8 {
    switch self {
    case .ok: return MessageType.ok
    case .failed(let code, let message):
      writer.write(code.rawValue)
      writer.write(message)
      return MessageType.failed
    case .started(let pid, let warnings):
      writer.write(pid)
      writer.write(warnings)
      return MessageType.started
    case .stats(let stats):
      writer.write(stats)
      return MessageType.statsReply
    case .processes(let pids):
      writer.write(pids)
      return MessageType.processesReply
    case .status(let status):
      writer.write(status)
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
      writer.write(process)
      writer.write(exit)
      return Frame(type: MessageType.exited, tag: 0, payload: writer.bytes)
    case .execStarted(let process, let pid):
      writer.write(process)
      writer.write(pid)
      return Frame(type: MessageType.execStarted, tag: 0, payload: writer.bytes)
    }
  }

  /// The event in a frame; `nil` when the frame is not an event this side knows. Throws `invalidArgument` for a malformed payload.
  package init?(frame: Frame) throws(HullError) {
    var reader = WireReader(frame.payload)
    switch frame.type {
    case MessageType.exited: self = .exited(process: try reader.read(), exit: try reader.read())
    case MessageType.execStarted: self = .execStarted(process: try reader.read(), pid: try reader.read())
    default: return nil
    }
    try reader.finish()
  }
}

extension ProcessExit: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(code)
    writer.write(time)
    writer.write(oomKilled)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    self.init(code: try reader.read(), time: try reader.read(), oomKilled: try reader.read())
  }
}

extension ExecStatus: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(id)
    writer.write(pid)
    writer.write(exit)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    self.init(id: try reader.read(), pid: try reader.read(), exit: try reader.readOptional())
  }
}

extension ShimStatus: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(version)
    writer.write(state.rawValue)
    writer.write(pid)
    writer.write(startedAt)
    writer.write(exit)
    writer.write(execs)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    version = try reader.read()
    let number: UInt8 = try reader.read()
    guard let state = State(rawValue: number) else { throw HullError(.invalidArgument, "unknown workload state \(number) in a shim's answer") }
    self.state = state
    pid = try reader.read()
    startedAt = try reader.read()
    exit = try reader.readOptional()
    execs = try reader.readList()
  }
}
