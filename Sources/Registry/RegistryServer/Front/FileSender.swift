// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem
import NIOCore
import NIOPosix

/// Sends a part of a file with sendfile(2), a piece at a time: the next when the last has gone, and only what is in memory, since the event
/// loop must not wait for a disk. What is not is read by another thread first. For one event loop.
final class FileSender {
  enum Progress { case piece, all, failed }

  private static let piece: Int64 = 1 << 20
  private let file: HotFile
  private let handle: NIOFileHandle
  private let threads: NIOThreadPool
  private var next: Int64
  private let end: Int64
  /// A piece that was read ahead is sent even when the memory was needed for something else meanwhile.
  private var warmed = false

  /// Nil when no descriptor is left.
  init?(_ file: HotFile, _ range: Range<Int64>, threads: NIOThreadPool) {
    // One handle may not be used by two event loops: a duplicate costs less than a microsecond.
    guard let duplicate = try? Descriptors.duplicate(file.descriptor) else { return nil }
    self.file = file
    handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: duplicate.take())
    self.threads = threads
    next = range.lowerBound
    end = range.upperBound
  }

  deinit { try? handle.close() }

  /// Tells after every piece how it went; `all` and `failed` come once, at the end.
  func send(_ context: ChannelHandlerContext, _ tell: @escaping (Progress) -> Void) {
    let length = min(Self.piece, end - next)
    guard warmed || hull_is_cached(file.descriptor, next, Int(length)) == 1 else { return warm(context, length, tell) }
    warmed = false
    let region = FileRegion(fileHandle: handle, readerIndex: Int(next), endIndex: Int(next + length))
    next += length
    let promise = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound((self, context, tell), eventLoop: context.eventLoop)
    promise.futureResult.whenComplete { result in
      let (sender, context, tell) = bound.value
      guard case .success = result else { return tell(.failed) }
      guard sender.next < sender.end else { return tell(.all) }
      tell(.piece)
      sender.send(context, tell)
    }
    context.writeAndFlush(NIOAny(IOData.fileRegion(region)), promise: promise)
  }

  private func warm(_ context: ChannelHandlerContext, _ length: Int64, _ tell: @escaping (Progress) -> Void) {
    let bound = NIOLoopBound((self, context, tell), eventLoop: context.eventLoop)
    let (file, offset) = (file, next)
    threads.runIfActive(eventLoop: context.eventLoop) { FileSender.read(file, offset, Int(length)) }.whenComplete { _ in
      let (sender, context, tell) = bound.value
      sender.warmed = true
      guard context.channel.isActive else { return tell(.failed) }
      sender.send(context, tell)
    }
  }

  private static func read(_ file: HotFile, _ offset: Int64, _ length: Int) {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
    defer { block.deallocate() }
    var done = 0
    while done < length {
      let count = pread(file.descriptor, block.baseAddress, min(block.count, length - done), off_t(offset) + off_t(done))
      if count <= 0 { return }
      done += count
    }
  }
}
