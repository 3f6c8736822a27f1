// SPDX-License-Identifier: Apache-2.0

/// Does `body` to its end even when the caller is cancelled meanwhile: what a client has asked for happens, whether or not it waits.
func uncancelled<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
  try await Task { try await body() }.value
}
