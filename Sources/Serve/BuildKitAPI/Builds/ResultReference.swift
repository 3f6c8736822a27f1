// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Builder
import Errors
import OCISpec

/// The name of a result that a client carries around: to evaluate it, to return it, to build another one from it.
///
/// BuildKit gives clients the graph of operations for that; here it is a graph of one, a source that only names the result.
struct ResultReference: Sendable {
  private static let scheme = "hull-result://"

  let name: String

  /// The result that a client asks for: one to be made by a front end, of a graph of its own, or one that it has got the graph of.
  init(_ request: GatewaySolveRequest, of job: BuildJob, in builds: Builds) async throws {
    if request.frontend.isEmpty {
      if let name = Self.name(in: request.definition) {
        self.name = name
        return
      }
      name = "\(job.request.ref)/\(UInt64.random(in: 0...UInt64.max))"
      try builds.define(name, for: job, graph: request.definition)
      if let source = SourceDefinition(request.definition) {
        job.define(name) { [session = job.session] in try await source.files(from: builds.backend, for: session) }
      }
      return
    }
    name = "\(job.request.ref)/\(UInt64.random(in: 0...UInt64.max))"
    try builds.define(name, for: job, options: request.frontendOpt, frontend: request.frontend, request.frontendInputs)
  }

  /// The result that a graph is as a whole; `nil`: there is more in it.
  static func name(in definition: LLBDefinition) -> String? {
    let ops = definition.def.compactMap { try? LLBOp(serializedBytes: $0) }.filter { $0.op != nil }
    guard ops.count == 1, case .source(let source)? = ops[0].op else { return nil }
    return name(in: source)
  }

  /// The result that a source names.
  static func name(in source: LLBSourceOp) -> String? {
    source.identifier.hasPrefix(scheme) ? String(source.identifier.dropFirst(scheme.count)) : nil
  }

  /// - Parameter platform: which image of several; `nil`: the only one.
  func message(platform: String? = nil) throws -> GatewayRef {
    let id = platform.map { "\(name)#\($0)" } ?? name
    var source = LLBOp()
    source.source.identifier = Self.scheme + id
    let bytes: [UInt8] = try source.serializedBytes()
    let digest = SHA256.digest(of: bytes).description
    var end = LLBOp()
    end.inputs = [LLBInput()]
    end.inputs[0].digest = digest
    var reference = GatewayRef()
    reference.id = id
    reference.def.def = [.init(bytes), try end.serializedBytes()]
    reference.def.metadata = [digest: LLBOpMetadata()]
    return reference
  }
}
