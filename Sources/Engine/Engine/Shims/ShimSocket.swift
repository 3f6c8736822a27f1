// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import ShimProtocol

/// The sockets between the daemon and a shim. Blocking.
enum ShimSocket {
  /// Makes the listening socket in a run directory that is there. The caller owns it.
  static func listen(in run: String) throws(HullError) -> Int32 {
    let path = "\(run)/\(ShimProtocol.socketName)"
    unlink(path)
    do { return try UnixSocket.listen(path).take() } catch { throw HullError("cannot make the shim's socket", error) }
  }

  /// Connects to the shim of a run directory; the caller owns the descriptor. Throws `notFound` when nobody listens there.
  static func connect(to run: String) throws(HullError) -> Int32 {
    do { return try UnixSocket.connect("\(run)/\(ShimProtocol.socketName)").take() } catch {
      throw HullError("no shim answers", error, code: .notFound)
    }
  }

  /// Opens a stream to one process of a shim and waits for the shim's consent. The caller owns the descriptor.
  static func attach(to run: String, _ request: AttachRequest) throws(HullError) -> Int32 {
    let descriptor = try connect(to: run)
    do throws(HullError) {
      let frame = try ShimRequest.attach(request).frame(tag: 1).encoded()
      try step("cannot write to the shim") { () throws(SystemError) in _ = try UnixSocket.send(descriptor, frame) }
      let header = try receive(Frame.headerSize, on: descriptor)
      let length = header[0..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= Frame.maximumPayload else { throw HullError(.internalError, "the shim's answer is too long") }
      var decoder = FrameDecoder()
      decoder.append(header + (try receive(length, on: descriptor)))
      guard let answer = try decoder.next(), let reply = try ShimReply(frame: answer) else {
        throw HullError(.internalError, "the shim's answer is not understood")
      }
      if let error = reply.error { throw error }
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Exactly `size` bytes: what follows the answer is the client's.
  private static func receive(_ size: Int, on descriptor: Int32) throws(HullError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < size {
      let part = try step("cannot read from the shim") { () throws(SystemError) in
        try UnixSocket.receive(descriptor, limit: size - bytes.count).bytes
      }
      guard !part.isEmpty else { throw HullError(.unavailable, "the shim has closed the connection") }
      bytes += part
    }
    return bytes
  }
}
