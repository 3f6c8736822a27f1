// SPDX-License-Identifier: Apache-2.0
import CNftables
import Errors
import Synchronization

/// Commands to the kernel's packet filter in the language of nft(8), in the calling thread's network namespace.
enum NFTables {
  /// How a list is written.
  enum Format {
    case text
    /// libnftables-json(5), without the elements of sets.
    case json
  }

  /// libnftables keeps tables of names in variables of its own.
  private static let turn = Mutex<Void>(())

  /// Runs `script` as one transaction and gives what it prints. Throws `internalError`, or `forbidden` when the kernel does not let us.
  /// Blocking.
  @discardableResult
  static func run(_ script: String, _ what: @autoclosure () -> String, format: Format = .text) throws(HullError) -> String {
    let (output, error) = turn.withLock { _ in execute(script, format) }
    guard let error else { return output }
    let denied = error.contains("peration not permitted")
    throw HullError(denied ? .forbidden : .internalError, "\(what()): \(error)\(denied ? ": it takes the capability CAP_NET_ADMIN" : "")")
  }

  /// The output, or what went wrong.
  private static func execute(_ script: String, _ format: Format) -> (output: String, error: String?) {
    guard let context = nft_ctx_new(UInt32(NFT_CTX_DEFAULT)) else { return ("", "nftables is not available") }
    defer { nft_ctx_free(context) }
    nft_ctx_buffer_output(context)
    nft_ctx_buffer_error(context)
    if format == .json { nft_ctx_output_set_flags(context, UInt32(1 << 4 | 1 << 11)) }
    let failed = nft_run_cmd_from_buffer(context, script) != 0
    let output = nft_ctx_get_output_buffer(context).map { String(cString: $0) } ?? ""
    let error = nft_ctx_get_error_buffer(context).map { String(cString: $0) } ?? ""
    return (output, failed ? reason(error) : nil)
  }

  /// The first message among positions and quoted lines: `internal:1:1-9: Error: Could not process rule: No such file or directory`.
  private static func reason(_ text: String) -> String {
    let lines = text.split(separator: "\n")
    guard let index = lines.firstIndex(where: { $0.contains("Error: ") }) else { return "nftables gave no reason" }
    let words = lines[index].components(after: "Error: ")
    let quoted = lines.dropFirst(index + 1).first.map { " (\($0.prefix(200)))" } ?? ""
    return words.prefix(1).lowercased() + words.dropFirst() + quoted
  }
}

extension Substring {
  /// What follows the first `mark`.
  fileprivate func components(after mark: String) -> Substring {
    var rest = self
    while !rest.isEmpty {
      if rest.hasPrefix(mark) { return rest.dropFirst(mark.count) }
      rest = rest.dropFirst()
    }
    return self
  }
}
