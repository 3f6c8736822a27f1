// SPDX-License-Identifier: Apache-2.0
import Addressing
import LinuxSystem
import NamespaceSupport

@testable import Netlink

/// The error number of what `body` throws; 0 when it throws nothing.
func errorNumber(_ body: () throws -> Void) -> Int32 {
  do {
    try body()
    return 0
  } catch { return (error as? SystemError)?.number ?? -1 }
}

extension TestNamespace {
  /// Runs `body` with a socket in the namespace.
  @discardableResult
  func route<Result: Sendable>(_ body: @escaping @Sendable (RouteSocket) throws -> Result) throws -> Result { try run { try body(RouteSocket()) } }
}
