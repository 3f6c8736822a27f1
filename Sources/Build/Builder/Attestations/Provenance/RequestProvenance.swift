// SPDX-License-Identifier: Apache-2.0

/// What was asked of another build that this one belongs to or goes on from.
final class RequestProvenance: Encodable, Sendable {
  let request: RequestParameters

  init(_ request: RequestParameters) { self.request = request }

  /// `nil`: the input is no result of a build, but a graph of the client's own.
  convenience init?(_ input: BuildInput, isWhole: Bool) {
    guard case .made(let image)? = input.root?.node.operation, var request = image.built.origin.request else { return nil }
    // The whole is said once.
    request.outerOptions = nil
    self.init(RequestParameters(request, image.built.origin.steps, isWhole: isWhole))
  }
}
