// SPDX-License-Identifier: Apache-2.0
import Glibc
import ShimLoop
import ShimProtocol

/// One client of one process: raw input one way, Docker's stream format the other way.
final class AttachStream: ReadinessHandler {
  /// Input is taken in pieces of this size.
  private static let inputSize = 64 * 1024

  let request: AttachRequest
  private let loop: EventLoop
  private let output: SocketOutput
  private let process: ManagedProcess
  /// Input that came with the attach request.
  private var early: [UInt8]
  private var inputOpen: Bool
  private var hungUp = false
  private var ending = false
  private var open = true

  /// Takes over a connection: `output` may have things to send, `early` is input received already.
  init(_ request: AttachRequest, output: SocketOutput, early: [UInt8], process: ManagedProcess, loop: EventLoop) {
    self.request = request
    self.output = output
    self.early = early
    self.process = process
    self.loop = loop
    inputOpen = request.stdin
    process.attach(self)
    updateInterest()
    takeEarlyInput()
  }

  /// Bytes the client has not taken yet.
  var unsent: Int { output.pending }

  func wants(_ stream: StandardStream) -> Bool {
    switch stream {
    case .standardOutput: request.stdout
    case .standardError: request.stderr
    }
  }

  func send(_ message: UnsafeRawBufferPointer) {
    guard open else { return }
    let before = output.pending
    guard output.send(message) else { return close() }
    if before == 0, output.pending > 0 { updateInterest() }
  }

  /// Closes the connection as soon as everything is sent.
  func endAfterSending() {
    guard open else { return }
    ending = true
    inputOpen = false
    if output.pending == 0 || hungUp { close() } else { updateInterest() }
  }

  /// The process takes input from now on.
  func processStarted() {
    takeEarlyInput()
    updateInterest()
  }

  /// The process has taken all input so far, or takes no more.
  func inputChanged() {
    takeEarlyInput()
    if hungUp { clientHungUp() } else { updateInterest() }
  }

  func ready(_ events: Readiness) {
    if events.contains(.writable) { flush() }
    if open, events.contains(.readable), canRead { readInput() }
    if open, !events.isDisjoint(with: [.hungUp, .failed]) { clientHungUp() }
  }

  private var canRead: Bool { inputOpen && early.isEmpty && process.acceptsInput }

  private func flush() {
    guard output.flush() else { return close() }
    if output.pending == 0, ending { return close() }
    updateInterest()
    process.updateFlow()
  }

  private func takeEarlyInput() {
    guard open, inputOpen, !early.isEmpty, process.acceptsInput else { return }
    let bytes = early
    early = []
    bytes.withUnsafeBytes { process.takeInput($0) }
  }

  private func readInput() {
    switch IO.read(output.descriptor, into: loop.scratch.base, count: AttachStream.inputSize) {
    case .moved(let count):
      process.takeInput(UnsafeRawBufferPointer(start: loop.scratch.base, count: count))
    case .wouldBlock: return
    case .ended:
      inputOpen = false
      process.inputEnded(by: self)
    }
    if open { updateInterest() }
  }

  /// The client will read no more, but what it has sent may still be for the process to read.
  private func clientHungUp() {
    hungUp = true
    var waiting: Int32 = 0
    let unread = ioctl(output.descriptor, UInt(FIONREAD), &waiting) == 0 && waiting > 0 || !early.isEmpty
    if inputOpen, unread, process.mayTakeInput { updateInterest() } else { close() }
  }

  /// A hang-up cannot be masked: once it is known, the connection is only watched while its input can be read.
  private func updateInterest() {
    guard open else { return }
    var interest: Readiness = []
    if canRead { interest.insert(.readable) }
    if output.pending > 0, !hungUp { interest.insert(.writable) }
    if hungUp, !canRead { loop.remove(output.descriptor) } else { loop.watch(output.descriptor, interest, self) }
  }

  private func close() {
    guard open else { return }
    open = false
    loop.remove(output.descriptor)
    IO.closeConnection(output.descriptor)
    process.detach(self)
  }
}
