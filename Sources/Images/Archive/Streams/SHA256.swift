// SPDX-License-Identifier: Apache-2.0
import CCrypto
import Errors
import OCISpec

/// A SHA-256 sum that grows (libcrypto: uses the processor's instructions for it).
package final class SHA256 {
  private let context: OpaquePointer
  /// Bytes hashed so far.
  package private(set) var count: Int64 = 0

  package init() {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("libcrypto has no SHA-256")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  package func update(_ bytes: UnsafeRawBufferPointer) {
    count += Int64(bytes.count)
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// The sum of everything so far. Starts anew afterwards.
  package func finish() -> Digest {
    var sum = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &sum, nil)
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
    count = 0
    return Digest(sha256: sum)
  }

  /// The digest of some bytes in memory.
  package static func digest(of bytes: [UInt8]) -> Digest {
    let hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }

  /// The digest of a text's UTF-8.
  package static func digest(of text: String) -> Digest { digest(of: Array(text.utf8)) }
}

/// Hashes what passes through, on its way in.
package final class HashingSource: ByteSource {
  private let source: any ByteSource
  private let hash = SHA256()

  package init(_ source: any ByteSource) { self.source = source }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    let count = try source.read(into: buffer)
    hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    return count
  }

  /// The digest of all that was read, and how much it was. Once.
  package func finish() -> (digest: Digest, size: Int64) {
    let size = hash.count
    return (hash.finish(), size)
  }
}

/// Hashes whole chunks on their way to a parser.
package final class HashingChunks: ChunkSource {
  private let source: any ChunkSource
  private let hash = SHA256()

  package init(_ source: any ChunkSource) { self.source = source }

  package func next() throws(HullError) -> UnsafeRawBufferPointer? {
    let chunk = try source.next()
    if let chunk { hash.update(chunk) }
    return chunk
  }

  /// The digest of all that was given out, and how much it was. Once.
  package func finish() -> (digest: Digest, size: Int64) {
    let size = hash.count
    return (hash.finish(), size)
  }
}
