// SPDX-License-Identifier: Apache-2.0
import Builder
import Synchronization

/// A build that several may need: it is closed when nobody does any more.
final class JobBuild: Sendable {
  let opened: any OpenedBuild
  /// Builds whose results it goes on from.
  private let lenders: [JobBuild]
  private let users = Mutex(1)

  init(_ opened: any OpenedBuild, lenders: [JobBuild]) { (self.opened, self.lenders) = (opened, lenders) }

  /// Needs it, until `release`. `false`: it is closed.
  func retain() -> Bool {
    users.withLock { users in
      if users > 0 { users += 1 }
      return users > 0
    }
  }

  /// Needs it no more. The last one ends what is under way.
  func release() async {
    let isLast = users.withLock { users in
      users -= 1
      return users == 0
    }
    guard isLast else { return }
    opened.cancel()
    await opened.close()
    for lender in lenders { await lender.release() }
  }
}

/// One result of a job, made step by step as it is needed.
final class JobResult: Sendable {
  /// Its build is of a graph of the client's, who then says of its image what there is to say.
  let isGraph: Bool
  private let open: @Sendable () async throws -> JobBuild
  private let opened = Work<JobBuild>()
  private let planned = Work<[PlannedImage]>()
  private let made = Work<[MadeImage]>()
  private let exported = Work<BuildResult>()

  init(isGraph: Bool, open: @escaping @Sendable () async throws -> JobBuild) { (self.isGraph, self.open) = (isGraph, open) }

  func build() async throws -> JobBuild { try await opened.value(open) }

  /// What images it will have.
  func plan() async throws -> [PlannedImage] {
    try await planned.value { [self] in try await build().opened.plan() }
  }

  func make() async throws -> [MadeImage] {
    try await made.value { [self] in try await build().opened.make() }
  }

  /// - Parameter images: in the place of its own; `nil`: those.
  func export(_ images: [MadeImage]?) async throws -> BuildResult {
    try await exported.value { [self] in try await build().opened.export(images) }
  }

  /// Stops what nobody else needs.
  func end() async {
    planned.cancel()
    made.cancel()
    exported.cancel()
    if let build = await opened.end() { await build.release() }
    _ = await (planned.end(), made.end(), exported.end())
  }
}
