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
  static let network: UInt8 = 15
  static let mount: UInt8 = 20
  static let unmount: UInt8 = 21

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
    try reader.finish()
  }

  private func write(to writer: inout WireWriter) -> UInt8 {
    switch self {
    case .launch(let request):
      writer.write(request)
      return MessageType.launch
    case .exec(let request):
      writer.write(request)
      return MessageType.exec
    case .signal(let process, let number):
      writer.write(process)
      writer.write(number)
      return MessageType.signal
    case .resize(let process, let rows, let columns):
      writer.write(process)
      writer.write(rows)
      writer.write(columns)
      return MessageType.resize
    case .closeStdin(let process):
      writer.write(process)
      return MessageType.closeStdin
    case .update(let resources):
      writer.write(resources)
      return MessageType.update
    case .attach(let request):
      writer.write(request)
      return MessageType.attach
    case .network(let plan):
      writer.write(plan)
      return MessageType.network
    case .mount(let plan):
      writer.write(plan)
      return MessageType.mount
    case .unmount(let destination):
      writer.write(destination)
      return MessageType.unmount
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
    case MessageType.launch: self = .launch(try reader.read())
    case MessageType.exec: self = .exec(try reader.read())
    case MessageType.signal: self = .signal(process: try reader.read(), number: try reader.read())
    case MessageType.resize:
      self = .resize(process: try reader.read(), rows: try reader.read(), columns: try reader.read())
    case MessageType.closeStdin: self = .closeStdin(process: try reader.read())
    case MessageType.update: self = .update(try reader.read())
    case MessageType.attach: self = .attach(try reader.read())
    case MessageType.network: self = .network(try reader.read())
    case MessageType.mount: self = .mount(try reader.read())
    case MessageType.unmount: self = .unmount(destination: try reader.read())
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

extension LaunchRequest: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(plan)
    writer.write(stdin.rawValue)
    writer.write(log)
    switch runtime {
    case .builtin: writer.write(CommandRuntime?.none)
    case .command(let command): writer.write(CommandRuntime?.some(command))
    }
    writer.write(network)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    plan = try reader.read()
    let mode: UInt8 = try reader.read()
    guard let stdin = StdinMode(rawValue: mode) else { throw HullError(.invalidArgument, "unknown stdin mode \(mode) in a launch request") }
    self.stdin = stdin
    log = try reader.readOptional()
    runtime = try reader.readOptional(CommandRuntime.self).map { .command($0) } ?? .builtin
    network = try reader.readOptional()
  }
}

extension LogPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(path)
    writer.write(maxSize)
    writer.write(maxFiles)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    self.init(path: try reader.read(), maxSize: try reader.readOptional(), maxFiles: try reader.read())
  }
}

extension CommandRuntime: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(path)
    writer.write(root)
    writer.write(bundle)
    writer.write(arguments)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    self.init(path: try reader.read(), root: try reader.read(), bundle: try reader.read(), arguments: try reader.readList())
  }
}

extension ExecRequest: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(execID)
    writer.write(process)
    writer.write(openStdin)
    writer.write(specification)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    self.init(execID: try reader.read(), process: try reader.read(), openStdin: try reader.read())
    specification = try reader.readBytes()
  }
}

extension AttachRequest: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(process)
    writer.write(stdin)
    writer.write(stdout)
    writer.write(stderr)
    writer.write(framed)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    self.init(
      process: try reader.read(), stdin: try reader.read(), stdout: try reader.read(), stderr: try reader.read(), framed: try reader.readOptional())
  }
}
