// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Extended attributes, by descriptor or by path without following a link at its end.
package enum ExtendedAttributes {
  private static let largest = 64 << 10

  package static func names(_ fd: Int32) throws(SystemError) -> [String] {
    try split(try value("list extended attributes") { flistxattr(fd, $0, $1) })
  }

  package static func names(_ path: String) throws(SystemError) -> [String] {
    try split(try value("list extended attributes of \(path)") { llistxattr(path, $0, $1) })
  }

  package static func get(_ fd: Int32, _ name: String) throws(SystemError) -> [UInt8] {
    try value("read extended attribute \(name)") { fgetxattr(fd, name, $0, $1) }
  }

  package static func get(_ path: String, _ name: String) throws(SystemError) -> [UInt8] {
    try value("read extended attribute \(name) of \(path)") { lgetxattr(path, name, $0, $1) }
  }

  package static func set(_ fd: Int32, _ name: String, _ value: [UInt8]) throws(SystemError) {
    try checked("set extended attribute \(name)") { value.withUnsafeBytes { fsetxattr(fd, name, $0.baseAddress, $0.count, 0) } }
  }

  package static func set(_ path: String, _ name: String, _ value: [UInt8]) throws(SystemError) {
    try checked("set extended attribute \(name) of \(path)") {
      value.withUnsafeBytes { lsetxattr(path, name, $0.baseAddress, $0.count, 0) }
    }
  }

  private static func value(_ operation: @autoclosure () -> String, _ read: (UnsafeMutablePointer<CChar>?, Int) -> Int) throws(SystemError) -> [UInt8]
  {
    let size = try checked(operation()) { read(nil, 0) }
    if size == 0 { return [] }
    var buffer = [UInt8](repeating: 0, count: min(size + 256, largest))
    let count = try checked(operation()) { buffer.withUnsafeMutableBytes { read($0.bindMemory(to: CChar.self).baseAddress, $0.count) } }
    return Array(buffer[..<count])
  }

  private static func split(_ list: [UInt8]) throws(SystemError) -> [String] {
    list.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }
}
