// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Mounts what `type`, `o` and `device` name. Blocking, for a network file system also long.
struct SourceMount {
  let source: LocalOptions.Source

  init(_ source: LocalOptions.Source) { self.source = source }

  func mount(on target: String) throws(HullError) {
    let (device, options) = try located()
    let words = MountWords(options)
    do throws(SystemError) {
      let isBind = words.flags & MountFlag.bind != 0
      if isBind {
        try Mounts.mount(device, on: target, type: nil, flags: words.flags & (MountFlag.bind | MountFlag.recursive))
        try setAttributes(target, words.flags)
      } else {
        try Mounts.mount(device, on: target, type: source.type, flags: words.flags, data: words.data.isEmpty ? nil : words.data)
      }
      if words.propagation != 0 { try Mounts.setPropagation(target, words.propagation) }
    } catch {
      try? Mounts.unmount(target)
      throw HullError(.internalError, "failed to mount local volume: mount \(device):\(target)\(described(words)): \(error.reason)\(fix(error))")
    }
  }

  /// A bind takes its other flags only afterwards.
  private func setAttributes(_ target: String, _ flags: UInt) throws(SystemError) {
    let attributes = MountAttribute.from(flags: flags)
    guard attributes.set | attributes.clear != 0 else { return }
    let place = try Files.open(target, OpenFlag.path)
    try Mounts.setAttributes(place.number, set: attributes.set, clear: attributes.clear, recursive: flags & MountFlag.recursive != 0)
  }

  private func described(_ words: MountWords) -> String {
    let flags = words.flags == 0 ? "" : ", flags: 0x" + String(words.flags, radix: 16)
    return flags + (words.data.isEmpty ? "" : ", data: " + Self.withoutPassword(words.data))
  }

  private func fix(_ error: SystemError) -> String {
    switch error.number {
    case ENODEV: " (this kernel has no file system \(source.type): load its module, or give another type)"
    case ENOENT where source.options.split(separator: ",").contains("bind"): " (make \(source.device) first: it is bound, not made)"
    default: ""
    }
  }

  private static func withoutPassword(_ data: String) -> String {
    data.split(separator: ",").map { $0.hasPrefix("password=") ? "password=********" : String($0) }.joined(separator: ",")
  }

  /// The kernel mounts NFS and CIFS from addresses only: names are looked up.
  private func located() throws(HullError) -> (device: String, options: String) {
    guard ["nfs", "nfs4", "cifs"].contains(source.type) else { return (source.device, source.options) }
    var options: [String] = []
    for word in source.options.split(separator: ",") {
      let isAddress = word.hasPrefix("addr=")
      options.append(isAddress ? "addr=" + (try HostAddress.find(String(word.dropFirst(5)))) : String(word))
    }
    guard source.type == "cifs", !options.contains(where: { $0.hasPrefix("addr=") || $0.hasPrefix("ip=") }), source.device.hasPrefix("//") else {
      return (source.device, options.joined(separator: ","))
    }
    let rest = source.device.dropFirst(2)
    let host = rest.prefix { $0 != "/" }
    return ("//" + (try HostAddress.find(String(host))) + rest.dropFirst(host.count), options.joined(separator: ","))
  }
}

/// Host names become addresses.
enum HostAddress {
  static func find(_ name: String) throws(HullError) -> String {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let failure = getaddrinfo(name, nil, &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard failure == 0, let address = found?.pointee,
      getnameinfo(address.ai_addr, address.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
    else {
      throw HullError(
        .internalError, "error resolving passed in network volume address: lookup \(name): \(failure == 0 ? "no address" : words(failure))")
    }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func words(_ failure: Int32) -> String { gai_strerror(failure).map { String(cString: $0) } ?? "error \(failure)" }
}
