// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// A handler of a binfmt_misc as its file shows it (kernel documentation, binfmt_misc).
struct BinaryHandler: Sendable, Equatable {
  var isEnabled = false
  var flags = ""
  var offset = 0
  var magic: [UInt8] = []
  var mask: [UInt8] = []

  /// - Parameter text: the content of the handler's file.
  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      switch (words[0], words.count > 1 ? words[1] : "") {
      case ("enabled", _): isEnabled = true
      case ("flags:", let value): flags = value
      case ("offset", let value): offset = Int(value) ?? 0
      case ("magic", let value): magic = BinaryHandler.bytes(value)
      case ("mask", let value): mask = BinaryHandler.bytes(value)
      default: break
      }
    }
  }

  private static func bytes(_ hexadecimal: String) -> [UInt8] {
    var result: [UInt8] = []
    var rest = Substring(hexadecimal)
    while let byte = UInt8(rest.prefix(2), radix: 16) {
      result.append(byte)
      rest = rest.dropFirst(2)
    }
    return result
  }

  /// Whether it takes programs of a machine, in containers too: its interpreter was opened when it was registered.
  func takes(_ machine: Machine) -> Bool {
    guard isEnabled, flags.contains("F"), !magic.isEmpty, offset + magic.count <= machine.head.count else { return false }
    return magic.indices.allSatisfy { index in
      let bits = index < mask.count ? mask[index] : 0xff
      return machine.head[offset + index] & bits == magic[index] & bits
    }
  }
}

/// The host's own instance of binfmt_misc. Blocking.
struct HostHandlers {
  private static let directory = "/proc/sys/fs/binfmt_misc"
  let handlers: [BinaryHandler]

  /// None where it is not mounted or switched off.
  init(directory: String = HostHandlers.directory) {
    guard (try? Files.readText(directory + "/status"))?.hasPrefix("enabled") == true, let stream = opendir(directory) else {
      handlers = []
      return
    }
    defer { closedir(stream) }
    var found: [BinaryHandler] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
      guard ![".", "..", "status", "register"].contains(name), let text = try? Files.readText(directory + "/" + name) else { continue }
      found.append(BinaryHandler(text))
    }
    handlers = found
  }

  func take(_ machine: Machine) -> Bool { handlers.contains { $0.takes(machine) } }
}
