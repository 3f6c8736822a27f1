// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// Names a package wherever it is from (package-url specification): `pkg:docker/busybox@latest?platform=linux%2Famd64`.
struct PackageURL: Sendable, Hashable, CustomStringConvertible {
  var type: String
  /// Parted by slashes; empty: none.
  var namespace = ""
  var name: String
  var version = ""
  var qualifiers: [String: String] = [:]

  var description: String {
    var text = "pkg:\(type)/"
    for part in namespace.split(separator: "/") { text += "\(Self.escaped(String(part)))/" }
    text += Self.escaped(name)
    if !version.isEmpty { text += "@\(Self.escaped(version))" }
    let pairs = qualifiers.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.escaped($0.value))" }
    return pairs.isEmpty ? text : "\(text)?\(pairs.joined(separator: "&"))"
  }

  /// All but letters, digits and `.-_~:` as `%XX`.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      let scalar = Unicode.Scalar(byte)
      if byte < 0x80, scalar.properties.isAlphabetic || (0x30...0x39).contains(byte) || ".-_~:".unicodeScalars.contains(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return result
  }
}

extension PackageURL {
  /// An image's name.
  /// - Parameter isLocal: it came from an OCI layout, not from a registry.
  init(_ reference: Reference, platform: Platform?, isLocal: Bool = false) {
    var parts = reference.familiarName.split(separator: "/").map(String.init)
    let name = parts.popLast() ?? ""
    self.init(type: isLocal ? "oci" : "docker", namespace: parts.joined(separator: "/"), name: name)
    version = reference.digest == nil ? reference.withDefaultTag.tag ?? "" : ""
    if let digest = reference.digest { qualifiers["digest"] = digest.description }
    if let platform { qualifiers["platform"] = platform.normalized.description }
  }
}
