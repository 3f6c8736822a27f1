// SPDX-License-Identifier: Apache-2.0

/// An operating system with its version and features, as platforms are written: `windows(10.0.20348.1006+win32k)`.
struct SystemRelease: Sendable, Hashable, CustomStringConvertible {
  let name: String
  /// `nil`: any.
  let version: String?
  /// Sorted, each once; `nil`: none are said.
  let features: [String]?

  init(_ name: String, _ version: String?, _ features: [String]?) {
    self.name = name
    self.version = version.flatMap { $0.isEmpty ? nil : $0 }
    let named = Set((features ?? []).filter { !$0.isEmpty }).sorted()
    self.features = named.isEmpty ? nil : named
  }

  /// `nil`: it is no name of a system.
  init?(_ text: String) {
    guard let open = text.firstIndex(of: "(") else {
      guard Platform.isName(text) else { return nil }
      self.init(text, nil, nil)
      return
    }
    let name = String(text[..<open])
    guard Platform.isName(name), text.hasSuffix(")") else { return nil }
    let inner = text[text.index(after: open)...].dropLast()
    let parts = inner.split(separator: "+", omittingEmptySubsequences: false).map { Self.decoded($0) }
    guard !parts.contains(nil), !parts.dropFirst().contains("") else { return nil }
    self.init(name, parts[0], parts.dropFirst().compactMap { $0 })
  }

  /// Neither a version nor features are said.
  var isPlain: Bool { version == nil && features == nil }

  var description: String {
    if isPlain { return name }
    let parts = [version.map(Self.encoded) ?? ""] + (features ?? []).map(Self.encoded)
    return "\(name)(\(parts.joined(separator: "+")))"
  }

  // MARK: Characters that stand for themselves

  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & ~0x20) || "_.-".utf8.contains(byte)
  }

  /// Others as `%` and two digits.
  private static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      if isPlain(byte) { return String(Unicode.Scalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
    }.joined()
  }

  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
      if isPlain(byte) {
        bytes.append(byte)
        continue
      }
      guard byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

/// A version of Windows, as far as images depend on it: `10.0.20348`, what is behind that does not count.
struct WindowsRelease: Sendable, Hashable {
  /// From Windows Server 2022 on a release also runs images of those between that one and itself.
  private static let firstCompatibleBuild = 20348

  private let edition: [Int]
  private let build: Int

  /// `nil`: it is none, and suits everything.
  init?(_ text: String?) {
    let numbers = (text ?? "").split(separator: ".", omittingEmptySubsequences: false).prefix(3).map { Int($0) }
    guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let build = numbers[2] else { return nil }
    (edition, self.build) = ([major, minor], build)
  }

  /// How well an image for `self` suits a machine of `wanted`: `nil` not at all, otherwise smaller is better.
  func distance(to wanted: WindowsRelease) -> Int? {
    guard edition == wanted.edition else { return nil }
    if build == wanted.build { return 0 }
    return build < wanted.build && build >= Self.firstCompatibleBuild ? wanted.build - build : nil
  }
}
