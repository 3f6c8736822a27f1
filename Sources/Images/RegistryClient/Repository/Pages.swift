// SPDX-License-Identifier: Apache-2.0
import NIOHTTP1

/// The address in a `Link` header with `rel="next"` (RFC 8288), as registries say that a list goes on.
enum Pages {
  /// Pages that are read of one list; a registry that always has one more is not believed.
  static let most = 10_000

  /// The next page's address; `nil`: this is the last, or what is said is none.
  static func next(after answer: Answer) -> WebAddress? {
    for header in answer.headers["link"].prefix(4) {
      for link in header.split(separator: ",").prefix(16) {
        guard let open = link.firstIndex(of: "<"), let close = link[open...].firstIndex(of: ">") else { continue }
        let parameters = link[link.index(after: close)...].lowercased().filter { !$0.isWhitespace && $0 != "\"" }
        guard parameters.split(separator: ";").contains("rel=next") else { continue }
        let next = try? answer.call.address.resolving(String(link[link.index(after: open)..<close]))
        return next == answer.call.address ? nil : next
      }
    }
    return nil
  }
}
