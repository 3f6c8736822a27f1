// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Pseudo-terminals.
package enum Pty {
  /// Opens a new pair through a `ptmx` device: `first` is the master, `second` the slave. Both are close-on-exec, neither becomes a controlling terminal.
  package static func open(_ ptmx: String = "/dev/ptmx", at directory: Int32 = AT_FDCWD) throws(SystemError) -> DescriptorPair {
    let master = try Files.open(ptmx, O_RDWR | O_NOCTTY, at: directory)
    try checked("unlock the terminal") { hull_pty_unlock(master.number) }
    let slave = try peer(master.number).take()
    return DescriptorPair(first: master.take(), second: slave)
  }

  /// The slave of an open master.
  package static func peer(_ master: Int32) throws(SystemError) -> OwnedDescriptor {
    OwnedDescriptor(try checked("open the terminal's slave") { hull_pty_peer(master, O_RDWR | O_NOCTTY | O_CLOEXEC) })
  }

  /// The number under which the slave stands in its devpts.
  package static func number(_ master: Int32) throws(SystemError) -> Int32 {
    try checked("ioctl TIOCGPTN") { hull_pty_number(master) }
  }

  /// Makes `terminal` the controlling terminal of the calling session leader.
  package static func takeControl(_ terminal: Int32) throws(SystemError) {
    try checked("ioctl TIOCSCTTY") { hull_tty_control(terminal) }
  }

  package static func setSize(_ terminal: Int32, rows: UInt16, columns: UInt16) throws(SystemError) {
    try checked("ioctl TIOCSWINSZ") { hull_tty_set_size(terminal, rows, columns) }
  }

  package static func size(_ terminal: Int32) throws(SystemError) -> (rows: UInt16, columns: UInt16) {
    var size: (rows: UInt16, columns: UInt16) = (0, 0)
    try checked("ioctl TIOCGWINSZ") { hull_tty_get_size(terminal, &size.rows, &size.columns) }
    return size
  }
}
