// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// A pseudo-terminal of the container's own devpts; the master goes to the launching process.
struct TerminalMaker {
  let root: Int32

  /// Makes the pair and `/dev/console`; returns the slave.
  func make(rows: UInt16, columns: UInt16, channel: LaunchChannel, console: Bool = true) throws(HullError) -> Int32 {
    try step("open a terminal") { () throws(SystemError) in
      let device = try multiplexer()
      let pair = try Pty.open(Files.path(of: device.number))
      let master = OwnedDescriptor(pair.first)
      if rows > 0 && columns > 0 { try Pty.setSize(pair.second, rows: rows, columns: columns) }
      if console { try bindConsole(pair.second) }
      try channel.send(.terminal, descriptor: master.number)
      return pair.second
    }
  }

  /// Looked at before it is opened: the container's files may have put another device there.
  private func multiplexer() throws(SystemError) -> OwnedDescriptor {
    let device = try InRoot.open(root, "dev/pts/ptmx", OpenFlag.path)
    guard try Files.fileSystemType(of: device.number) == FileSystemType.devpts, try Files.status(of: device.number).isCharacterDevice(5, 2) else {
      throw SystemError(ENODEV, "no devpts is mounted on the container's /dev/pts")
    }
    return device
  }

  private func bindConsole(_ slave: Int32) throws(SystemError) {
    let (directory, name) = try InRoot.parent(root, "dev/console")
    defer { close(directory) }
    do { close(try Files.open(name, O_CREAT | O_EXCL | O_WRONLY, mode: 0o620, at: directory).take()) } catch  where error.number == EEXIST {}
    let target = try Files.open(name, OpenFlag.path | O_NOFOLLOW, at: directory)
    if try Files.status(of: target.number).isSymbolicLink { throw SystemError(ELOOP, "bind the terminal on /dev/console") }
    let tree = try Mounts.clone("", at: slave, recursive: false)
    try Mounts.attach(tree.number, onto: target.number)
  }
}
