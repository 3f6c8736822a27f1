// SPDX-License-Identifier: Apache-2.0
import CCrypto
import Errors
import OCISpec

/// A sum that grows, of either algorithm that digests are written in (OCI image specification, descriptor, registered algorithms).
package final class ContentHash {
  package let algorithm: String
  private let context: OpaquePointer
  /// Bytes hashed so far.
  package private(set) var count: Int64 = 0

  /// - Parameter algorithm: `sha256` or `sha512`; throws `unsupported` for others.
  package init(_ algorithm: String) throws(HullError) {
    guard algorithm == "sha256" || algorithm == "sha512" else {
      throw HullError(.unsupported, "digest algorithm \(quoted(algorithm)) is not supported: use sha256 or sha512")
    }
    self.algorithm = algorithm
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm == "sha256" ? EVP_sha256() : EVP_sha512(), nil) == 1 else {
      preconditionFailure("libcrypto has no \(algorithm)")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  package func update(_ bytes: UnsafeRawBufferPointer) {
    count += Int64(bytes.count)
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// The sum of everything so far; more may follow.
  package func digest() throws(HullError) -> Digest {
    guard let copy = EVP_MD_CTX_new(), EVP_MD_CTX_copy_ex(copy, context) == 1 else { preconditionFailure("libcrypto cannot copy a sum") }
    defer { EVP_MD_CTX_free(copy) }
    var sum = [UInt8](repeating: 0, count: 64)
    var length: UInt32 = 0
    EVP_DigestFinal_ex(copy, &sum, &length)
    return try Digest("\(algorithm):\(Digest.hexadecimal(sum.prefix(Int(length))))")
  }

  /// The digest of bytes in memory.
  package static func digest(of bytes: [UInt8], algorithm: String = "sha256") throws(HullError) -> Digest {
    let hash = try ContentHash(algorithm)
    bytes.withUnsafeBytes { hash.update($0) }
    return try hash.digest()
  }
}
