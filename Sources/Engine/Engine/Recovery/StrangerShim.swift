// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import ShimProtocol

/// Ends a shim that nobody wants any more, over a connection of its own. Blocking; closes the descriptor.
enum StrangerShim {
  private static let patience: Int32 = 10_000

  static func end(_ descriptor: Int32) {
    defer { close(descriptor) }
    guard let status = try? ask(.subscribe, tag: 1, on: descriptor), case .status(let state) = status else { return }
    if state.state == .running || state.state == .paused {
      guard (try? send(.signal(process: "", number: 9), tag: 2, on: descriptor)) != nil else { return }
      waitForExit(on: descriptor)
    }
    _ = try? ask(.finish, tag: 3, on: descriptor)
  }

  private static func send(_ request: ShimRequest, tag: UInt32, on descriptor: Int32) throws(HullError) {
    let bytes = try request.frame(tag: tag).encoded()
    try step("cannot write to the shim") { () throws(SystemError) in _ = try UnixSocket.send(descriptor, bytes) }
  }

  private static func ask(_ request: ShimRequest, tag: UInt32, on descriptor: Int32) throws(HullError) -> ShimReply? {
    try send(request, tag: tag, on: descriptor)
    var decoder = FrameDecoder()
    while let frame = try nextFrame(&decoder, on: descriptor) {
      if frame.tag == tag { return try ShimReply(frame: frame) }
    }
    return nil
  }

  private static func waitForExit(on descriptor: Int32) {
    var decoder = FrameDecoder()
    while let frame = try? nextFrame(&decoder, on: descriptor) {
      if frame.tag == 0, case .exited(process: "", _)? = try? ShimEvent(frame: frame) { return }
    }
  }

  private static func nextFrame(_ decoder: inout FrameDecoder, on descriptor: Int32) throws(HullError) -> Frame? {
    while true {
      if let frame = try decoder.next() { return frame }
      let bytes = try step("cannot read from the shim") { () throws(SystemError) -> [UInt8] in
        guard try Descriptors.waitReadable(descriptor, milliseconds: patience) else { return [] }
        return try UnixSocket.receive(descriptor, limit: 65536).bytes
      }
      if bytes.isEmpty { return nil }
      decoder.append(bytes)
    }
  }
}
