// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// A file system that is being configured (fsopen, fsconfig, fsmount) and ends up as a mount that is attached nowhere.
package struct FileSystemContext: ~Copyable {
  private let descriptor: OwnedDescriptor
  private let type: String

  package init(_ type: String) throws(SystemError) {
    self.type = type
    descriptor = OwnedDescriptor(try checked("fsopen \(type)") { hull_fsopen(type, 1) })
  }

  /// Sets an option to a value (at most 255 bytes).
  package borrowing func set(_ key: String, _ value: String) throws(SystemError) {
    try configure(1, key, value)
  }

  /// Sets an option that has no value.
  package borrowing func set(_ key: String) throws(SystemError) {
    try configure(0, key, nil)
  }

  /// Sets the options of a mount(2) data string.
  package borrowing func set(data: String) throws(SystemError) {
    for option in data.split(separator: ",") {
      let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { try set(String(parts[0]), String(parts[1])) } else { try set(String(option)) }
    }
  }

  /// Makes the file system and a detached mount of it with these `MOUNT_ATTR_*`.
  package borrowing func mount(attributes: UInt64 = 0) throws(SystemError) -> OwnedDescriptor {
    try configure(6, nil, nil)
    return OwnedDescriptor(try checked("fsmount \(type)") { hull_fsmount(descriptor.number, 1, UInt32(attributes)) })
  }

  private borrowing func configure(_ command: UInt32, _ key: String?, _ value: String?) throws(SystemError) {
    do {
      try checked("configure \(type)") { hull_fsconfig(descriptor.number, command, key, value, 0) }
    } catch {
      let detail = key.map { key in value.map { " \(key)=\($0)" } ?? " \(key)" } ?? ""
      throw SystemError(error.number, "mount \(type)\(detail)\(kernelMessage())")
    }
  }

  /// What the kernel has to say about a refused option, in brackets.
  private borrowing func kernelMessage() -> String {
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor.number, $0.baseAddress, $0.count) }
    guard count > 2 else { return "" }
    let text = String(decoding: buffer[2..<count], as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
    return text.isEmpty ? "" : " (\(text))"
  }
}
