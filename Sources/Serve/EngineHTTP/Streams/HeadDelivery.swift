// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix

/// Tells when a client has taken everything that was sent to it.
///
/// A client that switches protocols often reads the answer's head through a buffer and what follows from the bare socket: bytes that arrive
/// together with the head are lost to it (docker's SDK for Python does this). So nothing follows before the head was taken, or a moment has passed.
enum HeadDelivery {
  private static let patience = 100
  private static let pause = TimeAmount.microseconds(300)

  /// Completes on the channel's loop, at once when the kernel cannot tell.
  static func taken(from channel: any Channel) -> EventLoopFuture<Void> {
    let promise = channel.eventLoop.makePromise(of: Void.self)
    check(channel, promise, attempts: patience)
    return promise.futureResult
  }

  private static func check(_ channel: any Channel, _ promise: EventLoopPromise<Void>, attempts: Int) {
    guard attempts > 0, channel.isActive, let options = channel as? any SocketOptionProvider else { return promise.succeed() }
    let memory: EventLoopFuture<SocketMemory> = options.unsafeGetSocketOption(level: .socket, name: .init(rawValue: 55 /* SO_MEMINFO */))
    memory.whenComplete { result in
      guard case .success(let memory) = result, memory.unread > 0 else { return promise.succeed() }
      channel.eventLoop.scheduleTask(in: pause) { check(channel, promise, attempts: attempts - 1) }
    }
  }

  /// `SK_MEMINFO_*` of linux/sock_diag.h: nine counters, of which the third is the memory of what was sent and not yet taken.
  private struct SocketMemory: Sendable {
    var received: UInt32 = 0
    var receiveLimit: UInt32 = 0
    var unread: UInt32 = 0
    var others: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0, 0, 0)
  }
}
