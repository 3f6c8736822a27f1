// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Errors
import Glibc

/// A context that was listed: sends the bytes of those files that the engine does not have.
final class ContextSender {
  private static let piece = 256 << 10
  private let context: BuildContext
  /// Of all that was listed, by number.
  private var paths: [String] = []
  private var wanted: [Int] = []
  /// When the listing began: nanoseconds since 1970.
  let began: Int64

  init(_ context: BuildContext) {
    self.context = context
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    began = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  var isWanted: Bool { !wanted.isEmpty }

  func add(_ file: ListedFile) { paths.append(file.path) }

  /// Numbers of four bytes each.
  func want(_ payload: [UInt8]) {
    for offset in stride(from: 0, to: payload.count - 3, by: 4) { wanted.append(Int(WireInteger.read(UInt32.self, payload, offset))) }
  }

  /// Gives the frames. A file that has vanished is left out.
  func send(_ give: ((Frame.Kind, [UInt8])) throws -> Void) throws {
    for number in wanted where paths.indices.contains(number) { try send(number, give) }
  }

  private func send(_ number: Int, _ give: ((Frame.Kind, [UInt8])) throws -> Void) throws {
    let path = "\(context.directory ?? "")/\(paths[number])"
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ELOOP { return }
      throw FileError(path: path, verb: "open", code: errno)
    }
    defer { close(descriptor) }
    var name: [UInt8] = []
    WireInteger.append(UInt32(number), to: &name)
    try give((.file, name))
    while case let bytes = try Files.readSome(descriptor, path: path, limit: Self.piece), !bytes.isEmpty { try give((.data, bytes)) }
  }
}
