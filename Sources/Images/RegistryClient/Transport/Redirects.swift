// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOHTTP1

extension Call {
  /// The request that a redirect asks for; `nil`: the answer is none.
  ///
  /// Credentials stay with the scheme, host and port that they are for: object storage behind a registry never sees them.
  func redirected(by answer: Answer) throws -> Call? {
    guard [301, 302, 303, 307, 308].contains(answer.status.code), let location = answer.headers.first(name: "location") else { return nil }
    var call = self
    do throws(HullError) {
      call.address = try address.resolving(location)
    } catch {
      throw PlaceFailure(.misbehaved, "\(described): redirect to an \(error.message)")
    }
    if !call.address.isSameOrigin(address) {
      call.authorization = nil
      call.policy = nil
    }
    guard answer.status.code < 307, method != .GET, method != .HEAD else { return call }
    // What Go's client does too: the rest of the old codes turn other methods into GET, which no registry means.
    throw PlaceFailure(.misbehaved, "\(described): a redirect (\(answer.status.code)) of \(method.rawValue) must be a 307 or 308")
  }
}
