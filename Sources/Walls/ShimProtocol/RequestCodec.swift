// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch

/// The numbers of the messages on the wire. Requests are below 128, answers from 128, events from 192.
enum MessageType {
  static let launch: UInt8 = 1
  static let exec: UInt8 = 2
  static let signal: UInt8 = 3
  static let resize: UInt8 = 4
  static let closeStdin: UInt8 = 5
  static let pause: UInt8 = 6
  static let resume: UInt8 = 7
  static let update: UInt8 = 8
  static let stats: UInt8 = 9
  static let processes: UInt8 = 10
  static let status: UInt8 = 11
  static let subscribe: UInt8 = 12
  static let finish: UInt8 = 13
  static let attach: UInt8 = 14

  static let ok: UInt8 = 128
  static let failed: UInt8 = 129
  static let started: UInt8 = 130
  static let statsReply: UInt8 = 131
  static let processesReply: UInt8 = 132
  static let statusReply: UInt8 = 133

  static let exited: UInt8 = 192
  static let execStarted: UInt8 = 193
}

extension ShimRequest {
  /// The request as a frame that carries `tag`.
  package func frame(tag: UInt32) -> Frame {
    var writer = WireWriter()
    let type = write(to: &writer)
    return Frame(type: type, tag: tag, payload: writer.bytes)
  }

  /// The request in a frame. Throws `unsupported` for a type this side does not know, `invalidArgument` for a payload that is not
  /// exactly one request of its type.
  package init(frame: Frame) throws(HullError) {
    var reader = WireReader(frame.payload)
    self = try ShimRequest(type: frame.type, from: &reader)
    try reader.expectEnd()
  }

  private func write(to writer: inout WireWriter) -> UInt8 {
    switch self {
    case .launch(let request):
      request.write(to: &writer)
      return MessageType.launch
    case .exec(let request):
      request.write(to: &writer)
      return MessageType.exec
    case .signal(let process, let number):
      writer.string(process)
      writer.int32(number)
      return MessageType.signal
    case .resize(let process, let rows, let columns):
      writer.string(process)
      writer.uint16(rows)
      writer.uint16(columns)
      return MessageType.resize
    case .closeStdin(let process):
      writer.string(process)
      return MessageType.closeStdin
    case .update(let resources):
      resources.write(to: &writer)
      return MessageType.update
    case .attach(let request):
      request.write(to: &writer)
      return MessageType.attach
    case .pause: return MessageType.pause
    case .resume: return MessageType.resume
    case .stats: return MessageType.stats
    case .processes: return MessageType.processes
    case .status: return MessageType.status
    case .subscribe: return MessageType.subscribe
    case .finish: return MessageType.finish
    }
  }

  private init(type: UInt8, from reader: inout WireReader) throws(HullError) {
    switch type {
    case MessageType.launch: self = .launch(try LaunchRequest(from: &reader))
    case MessageType.exec: self = .exec(try ExecRequest(from: &reader))
    case MessageType.signal: self = .signal(process: try reader.string(), number: try reader.int32())
    case MessageType.resize:
      self = .resize(process: try reader.string(), rows: try reader.uint16(), columns: try reader.uint16())
    case MessageType.closeStdin: self = .closeStdin(process: try reader.string())
    case MessageType.update: self = .update(try CgroupPlan.Resources(from: &reader))
    case MessageType.attach: self = .attach(try AttachRequest(from: &reader))
    case MessageType.pause: self = .pause
    case MessageType.resume: self = .resume
    case MessageType.stats: self = .stats
    case MessageType.processes: self = .processes
    case MessageType.status: self = .status
    case MessageType.subscribe: self = .subscribe
    case MessageType.finish: self = .finish
    default: throw HullError(.unsupported, "shim request of unknown type \(type)")
    }
  }
}

extension LaunchRequest {
  func write(to writer: inout WireWriter) {
    plan.write(to: &writer)
    writer.uint8(stdin.rawValue)
    writer.optional(log) { writer, log in
      writer.string(log.path)
      writer.optional(log.maxSize) { $0.int64($1) }
      writer.uint32(log.maxFiles)
    }
    switch runtime {
    case .builtin: writer.bool(false)
    case .command(let command):
      writer.bool(true)
      writer.string(command.path)
      writer.string(command.root)
      writer.string(command.bundle)
      writer.array(command.arguments) { $0.string($1) }
    }
  }

  init(from reader: inout WireReader) throws(HullError) {
    plan = try LaunchPlan(from: &reader)
    let mode = try reader.uint8()
    guard let stdin = StdinMode(rawValue: mode) else { throw HullError(.invalidArgument, "unknown stdin mode \(mode) in a launch request") }
    self.stdin = stdin
    log = try reader.optional { reader throws(HullError) in
      LogPlan(
        path: try reader.string(), maxSize: try reader.optional { reader throws(HullError) in try reader.int64() },
        maxFiles: try reader.uint32())
    }
    guard try reader.bool() else {
      runtime = .builtin
      return
    }
    runtime = .command(
      CommandRuntime(
        path: try reader.string(), root: try reader.string(), bundle: try reader.string(),
        arguments: try reader.array { reader throws(HullError) in try reader.string() }))
  }
}

extension ExecRequest {
  func write(to writer: inout WireWriter) {
    writer.string(execID)
    process.write(to: &writer)
    writer.bool(openStdin)
  }

  init(from reader: inout WireReader) throws(HullError) {
    self.init(execID: try reader.string(), process: try ProcessPlan(from: &reader), openStdin: try reader.bool())
  }
}

extension AttachRequest {
  func write(to writer: inout WireWriter) {
    writer.string(process)
    writer.bool(stdin)
    writer.bool(stdout)
    writer.bool(stderr)
  }

  init(from reader: inout WireReader) throws(HullError) {
    self.init(process: try reader.string(), stdin: try reader.bool(), stdout: try reader.bool(), stderr: try reader.bool())
  }
}
