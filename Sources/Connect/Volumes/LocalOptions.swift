// SPDX-License-Identifier: Apache-2.0
import Errors

/// The options of the driver `local`: what is mounted on the volume's directory, or how much it may hold.
package struct LocalOptions: Sendable, Equatable {
  /// What mount(8) would be given with `-t TYPE -o OPTIONS DEVICE`.
  package struct Source: Sendable, Equatable {
    package var type: String
    package var device: String
    package var options: String
  }

  package private(set) var source: Source?
  /// Bytes.
  package private(set) var size: Int64?

  /// Checks `type`, `o`, `device` and `size`. Throws `invalidArgument` in Docker's words.
  package init(_ options: [String: String]) throws(HullError) {
    for key in options.keys.sorted() where !Self.known.contains(key) { throw HullError(.invalidArgument, "invalid option: \"\(key)\"") }
    for (key, needed) in Self.companions where options[key] != nil {
      for other in needed where options[other] == nil { throw HullError(.invalidArgument, "missing required option: \"\(other)\"") }
    }
    if let text = options["size"] { size = try Self.bytes(text) }
    guard let type = options["type"], let device = options["device"] else { return }
    guard size == nil else {
      throw HullError(.invalidArgument, "option \"size\" goes without type, o and device: what is mounted has its own limit (for tmpfs: o=size=10m)")
    }
    guard !(type + device + (options["o"] ?? "")).utf8.contains(0) else { throw HullError(.invalidArgument, "an option contains a null byte") }
    if type == "cifs", CIFS.hasPort(device) {
      throw HullError(.invalidArgument, "port not allowed in CIFS device URL, include 'port' in 'o='")
    }
    source = Source(type: type, device: device, options: options["o"] ?? "")
  }

  /// Whether something has to be mounted before the volume can be used.
  package var needsMount: Bool { source != nil || size != nil }

  private static let known: Set<String> = ["type", "o", "device", "size"]
  private static let companions = [("device", ["type"]), ("type", ["device"]), ("o", ["device", "type"])]

  /// `10485760`, `10m`, `1.5GB`, `2GiB`: units are powers of 1024, as in Docker.
  static func bytes(_ text: String) throws(HullError) -> Int64 {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    var unit = text.dropFirst(digits.count).lowercased().filter { $0 != " " }
    if unit.hasSuffix("b") { unit.removeLast() }
    if unit.hasSuffix("i") { unit.removeLast() }
    guard let number = Double(digits), let power = ["": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50][unit] else {
      throw HullError(.invalidArgument, "invalid size: '\(text)'")
    }
    let bytes = number * Double(Int64(1) << Int64(power))
    guard bytes >= 1, bytes < 9e18 else { throw HullError(.invalidArgument, "invalid size: '\(text)'") }
    return Int64(bytes)
  }
}

/// The device of a CIFS share, a URL.
enum CIFS {
  /// `//server:port/share`
  static func hasPort(_ device: String) -> Bool {
    guard let slashes = device.range(of: "//") else { return false }
    return device[slashes.upperBound...].prefix { $0 != "/" }.contains(":")
  }
}

extension String {
  /// The first place of a text in this one.
  func range(of text: String) -> Range<Index>? { ranges(of: text).first }
}
