// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import ShimLoop
import ShimProtocol

/// A connection that carries requests and answers, until an attach request makes it a stream.
final class ControlConnection: ReadinessHandler {
  /// With more than this to send, no further request is read.
  private static let answerLimit = 1 << 20
  /// With more than this to send, the other side has forgotten us.
  private static let eventLimit = 4 << 20

  private let loop: EventLoop
  private let output: SocketOutput
  private unowned let supervisor: Supervisor
  private var decoder = FrameDecoder()
  private(set) var subscribed = false
  private var ending = false
  private var open = true

  /// Takes over an accepted, non-blocking socket.
  init(_ descriptor: Int32, supervisor: Supervisor, loop: EventLoop) {
    output = SocketOutput(descriptor)
    self.supervisor = supervisor
    self.loop = loop
    loop.watch(descriptor, .readable, self)
  }

  /// Tells of an event, if that was asked for.
  func notify(_ event: ShimEvent) {
    guard subscribed else { return }
    send(event.frame())
    if output.pending > ControlConnection.eventLimit { close() }
  }

  /// Closes the connection as soon as all answers are sent.
  func endAfterSending() {
    guard open else { return }
    ending = true
    if output.pending == 0 { close() } else { updateInterest() }
  }

  func close() {
    guard open else { return }
    open = false
    loop.remove(output.descriptor)
    IO.closeConnection(output.descriptor)
    supervisor.connectionGone(self)
  }

  func ready(_ events: Readiness) {
    if events.contains(.writable) { flush() }
    // One who hung up may have said something before.
    if open, events.contains(.readable) { receive() } else if open, !events.isDisjoint(with: [.hungUp, .failed]) { close() }
  }

  private func flush() {
    guard output.flush() else { return close() }
    if ending, output.pending == 0 { return close() }
    handleFrames()
  }

  private func receive() {
    switch IO.read(output.descriptor, into: loop.scratch.base, count: 64 * 1024) {
    case .moved(let count):
      decoder.append(UnsafeRawBufferPointer(start: loop.scratch.base, count: count))
      handleFrames()
    case .wouldBlock: return
    case .ended: endAfterSending()
    }
  }

  private func handleFrames() {
    do throws(HullError) {
      while open, !ending, output.pending < ControlConnection.answerLimit, let frame = try decoder.next() { handle(frame) }
    } catch {
      // The stream is out of step: say so and hang up.
      reply(.failed(code: error.code, message: error.message), tag: 0)
      endAfterSending()
    }
    if open { updateInterest() }
  }

  private func handle(_ frame: Frame) {
    do throws(HullError) {
      switch try ShimRequest(frame: frame) {
      case .attach(let request): try attach(request, tag: frame.tag)
      case .subscribe:
        subscribed = true
        reply(.status(supervisor.status), tag: frame.tag)
      case .finish:
        try supervisor.prepareToLeave()
        reply(.ok, tag: frame.tag)
        supervisor.leave()
      case .launch(let request): launch(request, tag: frame.tag)
      case let request: reply(try supervisor.answer(request), tag: frame.tag)
      }
    } catch {
      reply(.failed(code: error.code, message: error.description), tag: frame.tag)
    }
  }

  private func launch(_ request: LaunchRequest, tag: UInt32) {
    do throws(HullError) {
      reply(try supervisor.launch(request), tag: tag)
    } catch {
      reply(.failed(code: error.code, message: error.description), tag: tag)
      supervisor.leaveAfterFailedLaunch()
    }
  }

  /// From here on the connection belongs to the stream.
  private func attach(_ request: AttachRequest, tag: UInt32) throws(HullError) {
    let process = try supervisor.processToAttach(request.process)
    reply(.ok, tag: tag)
    guard open else { return }
    open = false
    loop.remove(output.descriptor)
    supervisor.becomesStream(self)
    _ = AttachStream(request, output: output, early: Array(decoder.remainder), process: process, loop: loop)
  }

  private func reply(_ reply: ShimReply, tag: UInt32) { send(reply.frame(tag: tag)) }

  private func send(_ frame: Frame) {
    guard open, let bytes = try? frame.encoded() else { return }
    guard bytes.withUnsafeBytes({ output.send($0) }) else { return close() }
    updateInterest()
  }

  private func updateInterest() {
    guard open else { return }
    var interest: Readiness = []
    if output.pending > 0 { interest.insert(.writable) }
    if !ending, output.pending < ControlConnection.answerLimit { interest.insert(.readable) }
    loop.watch(output.descriptor, interest, self)
  }
}
