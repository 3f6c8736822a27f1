// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import ShimLoop
import ShimProtocol

/// What a process tells the supervisor.
protocol ProcessOwner: AnyObject {
  /// The process has ended and all its output is where it belongs; its clients are still connected.
  func processDrained(_ process: ManagedProcess)
  /// A client has gone from a process.
  func clientGone(_ client: AttachStream, from process: ManagedProcess)
}

/// One process of the workload and the streams that lead to and from it. It exists before its start: clients attach first.
final class ManagedProcess {
  enum Phase { case expected, running, draining, ended }

  /// A client may have this much unsent output before the process's writes wait.
  static let clientLimit = 1 << 20
  /// How long after the exit output is awaited from whoever else holds the process's pipes.
  private static let drainMilliseconds: Int64 = 2000

  /// The exec ID; "" for the first process.
  let name: String
  private(set) var phase = Phase.expected
  private(set) var pid: Int32 = 0
  private(set) var exit: ProcessExit?
  private(set) var clients: [AttachStream] = []

  private let loop: EventLoop
  private unowned let owner: any ProcessOwner
  private var log: JSONLog?
  private var outputs: [OutputSource] = []
  private var input: InputSink?
  private var channels = ProcessChannels()
  /// Input ends when the first client that attached it goes.
  private var closesInput = false
  private var inputEndedEarly = false
  /// What a client wants the terminal's size to be.
  private(set) var size: (rows: UInt16, columns: UInt16)?
  private var paused = false
  private var drainTimer: UInt64?

  init(name: String, loop: EventLoop, owner: any ProcessOwner) {
    self.name = name
    self.loop = loop
    self.owner = owner
  }

  // MARK: Start

  /// The process runs. Its input ends with the first client that attached it when `closesInput`.
  func started(_ pid: Int32, _ channels: ProcessChannels, closesInput: Bool, log: JSONLog?) {
    self.pid = pid
    self.channels = channels
    self.closesInput = closesInput
    self.log = log
    phase = .running
    if channels.output >= 0 { outputs.append(OutputSource(channels.output, .standardOutput, of: self, loop: loop)) }
    if channels.error >= 0 { outputs.append(OutputSource(channels.error, .standardError, of: self, loop: loop)) }
    if channels.input >= 0 { openInput(channels.input) }
    if let size { resize(rows: size.rows, columns: size.columns) }
    if inputEndedEarly, closesInput { closeInput() }
    for client in clients { client.processStarted() }
  }

  private func openInput(_ descriptor: Int32) {
    input = InputSink(descriptor, loop: loop) { [unowned self] in
      for client in clients { client.inputChanged() }
    }
  }

  // MARK: Clients

  /// Whether it has ended and its output is where it belongs.
  var isDrained: Bool { exit != nil && outputs.isEmpty }

  /// Whether clients may still come.
  var canBeAttached: Bool { phase == .expected || phase == .running }

  /// Whether input from clients is wanted now.
  var acceptsInput: Bool { phase == .running && input?.accepts == true }

  /// Whether input may be wanted, now or later.
  var mayTakeInput: Bool { phase == .expected || phase == .running && input?.isOpen == true }

  func attach(_ client: AttachStream) {
    clients.append(client)
    updateFlow()
  }

  /// A client is gone (its connection too).
  func detach(_ client: AttachStream) {
    clients.removeAll { $0 === client }
    if client.request.stdin { endInput(of: client) }
    updateFlow()
    owner.clientGone(client, from: self)
  }

  func takeInput(_ bytes: UnsafeRawBufferPointer) { input?.write(bytes) }

  /// A client sends no more input. Without an input to close, Docker takes this for the wish to detach.
  func inputEnded(by client: AttachStream) {
    if !endInput(of: client) { client.endAfterSending() }
  }

  @discardableResult
  private func endInput(of client: AttachStream) -> Bool {
    if phase == .expected {
      inputEndedEarly = true
      return true
    }
    guard closesInput, !channels.isTerminal else { return false }
    closeInput()
    return true
  }

  func closeInput() {
    guard !channels.isTerminal else { return }
    if phase == .expected { inputEndedEarly = true }
    input?.closeWhenWritten()
  }

  func resize(rows: UInt16, columns: UInt16) {
    size = (rows, columns)
    if channels.isTerminal { try? Pty.setSize(channels.terminal, rows: rows, columns: columns) }
  }

  // MARK: Output

  /// Output has been read: `OutputSource.headroom` bytes before `payload` may be overwritten.
  func deliver(_ payload: UnsafeMutableRawBufferPointer, _ stream: StandardStream) {
    log?.append(UnsafeRawBufferPointer(payload), stream: stream)
    guard !clients.isEmpty, let base = payload.baseAddress else { return }
    let header = base - OutputSource.headroom
    header.storeBytes(of: UInt32(stream.rawValue).littleEndian, as: UInt32.self)
    header.storeBytes(of: UInt32(payload.count).bigEndian, toByteOffset: 4, as: UInt32.self)
    let frame = UnsafeRawBufferPointer(start: header, count: payload.count + OutputSource.headroom)
    for client in clients where client.wants(stream) {
      client.send(client.request.framed ?? !channels.isTerminal ? frame : UnsafeRawBufferPointer(payload))
    }
    updateFlow()
  }

  /// Lets the process's writes wait while a client is too far behind.
  func updateFlow() {
    guard phase == .running || phase == .draining else { return }
    var behind = 0
    for client in clients { behind = max(behind, client.unsent) }
    if !paused, behind >= ManagedProcess.clientLimit { setPaused(true) }
    if paused, behind <= ManagedProcess.clientLimit / 2 { setPaused(false) }
  }

  private func setPaused(_ pause: Bool) {
    paused = pause
    for output in outputs { output.setPaused(pause) }
  }

  /// The end of one of the outputs.
  func outputEnded(_ stream: StandardStream) {
    log?.finish(stream)
    if phase == .draining, !outputs.contains(where: \.isOpen) { drained() }
  }

  // MARK: End

  /// The process has ended. Collects what is in its pipes; they stay open for a moment when somebody else holds them.
  func exited(_ exit: ProcessExit) {
    self.exit = exit
    phase = .draining
    input?.close()
    channels.closeSlave()
    collect()
    if outputs.contains(where: \.isOpen) {
      drainTimer = loop.after(milliseconds: ManagedProcess.drainMilliseconds) { [unowned self] in
        drainTimer = nil
        giveUpDraining()
      }
    } else {
      drained()
    }
  }

  /// Nobody is left who could write more than what is in the pipes now.
  func giveUpDraining() {
    guard phase == .draining else { return }
    collect()
    for output in outputs where output.isOpen {
      output.close()
      log?.finish(output.stream)
    }
    drained()
  }

  /// All is said: clients are closed when they have got everything.
  func end() {
    phase = .ended
    for client in clients { client.endAfterSending() }
  }

  /// Reads what is in the pipes without regard to slow clients: it is no more than the pipes hold.
  private func collect() {
    for output in outputs where output.isOpen {
      output.collect()
      if !output.isOpen { log?.finish(output.stream) }
    }
  }

  private func drained() {
    guard phase == .draining else { return }
    if let drainTimer { loop.cancel(drainTimer) }
    channels.closeTerminal()
    outputs = []
    input = nil
    log = nil
    owner.processDrained(self)
  }
}
