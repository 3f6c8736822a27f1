// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem

/// Pipes through which much data passes from one socket to another without being copied. A relay has one only while data is in it.
final class PipePool {
  /// Pages from the network are often filled little: a pipe of the usual 16 would be full too soon.
  private static let capacity = 256 * 1024
  private static let setCapacity: Int32 = 1031
  private static let spareLimit = 2

  private var spare: [DescriptorPair] = []

  deinit { for pipe in spare { PipePool.close(pipe) } }

  /// An empty pipe; `nil` when there is none to be had.
  func take() -> DescriptorPair? {
    if let pipe = spare.popLast() { return pipe }
    guard let pipe = try? Descriptors.pipe(flags: O_CLOEXEC | O_NONBLOCK) else { return nil }
    _ = hull_fcntl(pipe.second, PipePool.setCapacity, PipePool.capacity)
    return pipe
  }

  /// Takes back a pipe that is empty.
  func give(_ pipe: DescriptorPair) {
    if spare.count < PipePool.spareLimit { spare.append(pipe) } else { PipePool.close(pipe) }
  }

  /// Drops a pipe with what is in it.
  static func close(_ pipe: DescriptorPair) {
    Glibc.close(pipe.first)
    Glibc.close(pipe.second)
  }
}
