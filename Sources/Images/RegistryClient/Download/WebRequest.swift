// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import NIOHTTP1

/// How a file of the web is asked for.
package struct WebRequest: Sendable {
  package var address: WebAddress
  /// That the server is told of before the client itself: `name/version`.
  package var product: String?
  /// Fields beside the client's own, by their names; `user-agent` takes the place of its own.
  package var headers: [String: String] = [:]
  /// The value of `Authorization`, for the origin of the address alone; `nil`: the user and password in the address.
  package var authorization: String?

  package init(_ address: WebAddress) { self.address = address }

  func call(_ method: HTTPMethod, patience: Duration?) -> Call {
    var call = Call(method, address)
    (call.patience, call.product) = (patience, product)
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) { call.headers.replaceOrAdd(name: name, value: value) }
    call.authorization = authorization ?? address.basicAuthorization
    return call
  }
}

extension WebAddress {
  /// What the user and password in it are as a header field's value (RFC 7617).
  fileprivate var basicAuthorization: String? {
    guard let userInfo else { return nil }
    let pair = userInfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(WebAddress.unescaped).joined(separator: ":")
    return "Basic " + Data(pair.utf8).base64EncodedString()
  }
}
