// SPDX-License-Identifier: Apache-2.0
import Errors
import Logging
import NIOPosix
import OCISpec
import RegistryClient
import Testing

/// Limits under which nothing is waited for between attempts, and nothing is given up: hundreds of tests share the threads that servers
/// answer on. Suites in which something must be given up in time are named …Serial and run alone.
func quickLimits(_ change: (inout ClientLimits) -> Void = { _ in }) -> ClientLimits {
  var limits = ClientLimits()
  limits.connectTimeout = .seconds(300)
  limits.answerTimeout = .seconds(300)
  limits.stallTimeout = .seconds(300)
  limits.backoff = .milliseconds(2)
  limits.longestBackoff = .milliseconds(20)
  limits.attempts = 4
  limits.segment = 64 << 10
  change(&limits)
  return limits
}

/// Runs `body` with a client that is shut down afterwards.
@discardableResult
func withClient<Result>(
  _ configuration: RegistriesConfiguration = RegistriesConfiguration(), limits: ClientLimits = quickLimits(),
  _ body: (RegistryClient) async throws -> Result
) async throws -> Result {
  let client = RegistryClient(
    configuration: configuration, userAgent: "hull/test", group: MultiThreadedEventLoopGroup.singleton, limits: limits,
    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  do {
    let result = try await body(client)
    await client.shutdown()
    return result
  } catch {
    await client.shutdown()
    throw error
  }
}

/// Runs `body` with one repository of one host.
@discardableResult
func withRepository<Result>(
  _ name: String, _ configuration: RegistriesConfiguration = RegistriesConfiguration(), credentials: RegistryCredentials? = nil,
  access: RegistryAccess = .pull, limits: ClientLimits = quickLimits(), _ body: (Repository) async throws -> Result
) async throws -> Result {
  try await withClient(configuration, limits: limits) { client in
    try await body(client.repository(Reference(name), credentials: credentials, access: access))
  }
}

/// The error that `body` ends with; records an issue when there is none, or one without these words.
@discardableResult
func refusal(
  _ words: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> HullError? {
  do {
    try await body()
    Issue.record("no error, where one should say \(words)", sourceLocation: sourceLocation)
  } catch let error as HullError {
    for word in words {
      #expect(error.message.contains(word), "\(error)", sourceLocation: sourceLocation)
    }
    return error
  } catch {
    Issue.record("\(error)", sourceLocation: sourceLocation)
  }
  return nil
}

/// Waits until something is so; records an issue after half a minute.
func eventually(sourceLocation: SourceLocation = #_sourceLocation, _ isSo: () async throws -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(30)
  while try await !isSo() {
    guard ContinuousClock.now < end else {
      Issue.record("it did not come about in half a minute", sourceLocation: sourceLocation)
      return
    }
    try await Task.sleep(for: .milliseconds(5))
  }
}
