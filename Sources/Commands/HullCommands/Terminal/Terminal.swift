// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The user's terminal: its size, and raw mode.
enum Terminal {
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Rows and columns of the terminal behind a descriptor; `nil` when there is none.
  static func size(_ descriptor: Int32 = 1) -> (rows: Int, columns: Int)? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_row), Int(size.ws_col))
  }

  /// How wide standard output is; `nil` when it is not a terminal.
  static var columns: Int? { isTerminal(1) ? size()?.columns : nil }
}

/// Raw mode on a terminal, as cfmakeraw sets it, undone by `restore` or when the last reference goes.
final class RawMode {
  private let descriptor: Int32
  private var original = termios()
  private var isRaw = false

  /// `nil` when the descriptor is not a terminal.
  init?(_ descriptor: Int32) {
    self.descriptor = descriptor
    guard tcgetattr(descriptor, &original) == 0 else { return nil }
    enter()
  }

  deinit { restore() }

  func enter() {
    var raw = original
    cfmakeraw(&raw)
    isRaw = tcsetattr(descriptor, TCSANOW, &raw) == 0
  }

  func restore() {
    guard isRaw else { return }
    tcsetattr(descriptor, TCSANOW, &original)
    isRaw = false
  }
}
