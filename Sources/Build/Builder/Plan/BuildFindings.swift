// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import ImageStore

/// Tells what the build checks find.
struct BuildFindings {
  let request: BuildRequest
  let report: BuildReport

  /// - Parameters:
  ///   - stages: indices of those that are built; `nil`: all.
  ///   - planned: findings that only planning shows.
  /// - Throws: the error that findings are when the file wants it so.
  func tell(_ dockerfile: Dockerfile, stages: Set<Int>? = nil, planned: [BuildWarning] = [], _ result: inout BuildResult) throws(HullError) {
    let policy = try CheckPolicy(dockerfile, arguments: request.arguments)
    result.warnings =
      try BuildChecks.run(dockerfile, arguments: request.arguments, stages: stages) + planned.filter { policy.wants($0, in: dockerfile) }
    let failure = policy.failure(for: result.warnings)
    if failure == nil, let unused = UnusedArguments.warning(request.arguments, in: dockerfile) { result.warnings.append(unused) }
    for warning in result.warnings { report.warn(warning) }
    guard let failure else { return }
    guard let place = result.warnings.lazy.compactMap(\.location).first else { throw failure }
    throw failure.located(at: place, in: dockerfile, name: request.dockerfile)
  }
}

/// Answers `--check`: findings, and the error that a build would end with before its first step.
struct BuildReview {
  let request: BuildRequest
  let images: ImageStore
  let report: BuildReport

  func review(_ loaded: DockerfileLoader.Loaded, _ result: inout BuildResult) async {
    result.failure = loaded.mistake
    var planned: [BuildWarning] = []
    if loaded.mistake == nil {
      var planner = Planner(
        request: request, dockerfile: loaded.dockerfile, platform: request.platforms.first ?? .host, images: KnownImages(images: images),
        ignored: loaded.ignored, steps: StepTable())
      planner.namedIgnored = loaded.namedIgnored
      do { try await planner.planAll() } catch { result.failure = error as? HullError ?? HullError(.internalError, "cannot check", cause: error) }
      planned = planner.warnings
    }
    do throws(HullError) {
      try BuildFindings(request: request, report: report).tell(loaded.dockerfile, planned: planned, &result)
    } catch {
      result.failure = result.failure ?? error
    }
  }
}
