// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryStore

/// What a path below `/v2/` names (distribution specification, endpoints). The names in it are checked: none leads out of its place.
package enum RegistryRoute: Sendable, Equatable {
  case version
  case catalog
  case tags(RepositoryName)
  case manifest(RepositoryName, ManifestReference)
  case blob(RepositoryName, Digest)
  case uploads(RepositoryName)
  case upload(RepositoryName, String)
  case referrers(RepositoryName, Digest)

  /// Reads a path without its query. Nil: no such endpoint. Throws `NAME_INVALID`, `DIGEST_INVALID` or `TAG_INVALID`.
  package init?(path: String) throws(HullError) {
    guard let decoded = Percent.decode(path), decoded.hasPrefix("/v2") else { return nil }
    var parts = decoded.dropFirst(3).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if parts.count <= 2, parts.allSatisfy(\.isEmpty) {
      self = .version
      return
    }
    parts.removeFirst()
    if parts == ["_catalog"] {
      self = .catalog
      return
    }
    guard let route = try RegistryRoute.inRepository(parts) else { return nil }
    self = route
  }

  /// The repository, where there is one.
  package var repository: RepositoryName? {
    switch self {
    case .version, .catalog: nil
    case .tags(let name), .manifest(let name, _), .blob(let name, _), .uploads(let name), .upload(let name, _), .referrers(let name, _): name
    }
  }

  private static func inRepository(_ parts: [String]) throws(HullError) -> RegistryRoute? {
    let count = parts.count
    func name(_ length: Int) throws(HullError) -> RepositoryName { try RepositoryName(parts[..<length].joined(separator: "/")) }
    if count >= 4, parts[count - 3] == "blobs", parts[count - 2] == "uploads" {
      return parts[count - 1].isEmpty ? .uploads(try name(count - 3)) : .upload(try name(count - 3), parts[count - 1])
    }
    guard count >= 3 else { return nil }
    let last = parts[count - 1]
    switch parts[count - 2] {
    case "tags" where last == "list": return .tags(try name(count - 2))
    case "manifests": return .manifest(try name(count - 2), try ManifestReference(last))
    case "blobs" where last == "uploads": return .uploads(try name(count - 2))
    case "blobs": return .blob(try name(count - 2), try Digest(registry: last))
    case "referrers": return .referrers(try name(count - 2), try Digest(registry: last))
    default: return nil
    }
  }
}

/// Percent-encoding (RFC 3986, section 2.1).
package enum Percent {
  /// Nil for a broken escape, a zero byte, or what is not UTF-8 then.
  package static func decode(_ text: String) -> String? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(value), let low = rest.popFirst().flatMap(value), high | low != 0 else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Leaves letters, digits, `-._~` and `/:` as they are.
  package static func encode(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d...0x2f, 0x3a, 0x5f, 0x7e: bytes.append(byte)
      default: bytes += [UInt8(ascii: "%")] + Digest.hexadecimal([byte]).uppercased().utf8
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x37
    case 0x61...0x66: digit - 0x57
    default: nil
    }
  }
}
