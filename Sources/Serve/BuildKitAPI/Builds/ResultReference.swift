// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Builder
import Errors
import OCISpec

/// The name of a result that a client carries around: to evaluate it, to return it, to build another one from it.
///
/// BuildKit gives clients a graph of operations for that; here it has one, a source that only names the result.
struct ResultReference: Sendable {
  private static let scheme = "hull-result://"

  let name: String

  /// The result that a client asks for: one to be made by a front end, or one that it has got the graph of.
  init(_ request: GatewaySolveRequest, of job: BuildJob, in builds: Builds) async throws {
    if request.frontend.isEmpty {
      if request.hasDefinition, let name = Self.name(in: request.definition) {
        self.name = name
        return
      }
      guard request.hasDefinition, let source = SourceDefinition(request.definition) else {
        throw HullError(.unsupported, "build graphs of clients are not supported: name a front end, dockerfile.v0")
      }
      name = "\(job.request.ref)/source-\(UInt64.random(in: 0...UInt64.max))"
      job.define(name, files: { try await source.files(from: builds.backend) })
      return
    }
    name = "\(job.request.ref)/\(UInt64.random(in: 0...UInt64.max))"
    try await builds.define(name, for: job, options: request.frontendOpt, frontend: request.frontend, request.frontendInputs)
  }

  /// The build that a result belongs to.
  static func build(of name: String) -> String { String(name[..<(name.lastIndex(of: "/") ?? name.endIndex)]) }

  /// The result named by a graph.
  static func name(in definition: LLBDefinition) -> String? {
    for bytes in definition.def {
      guard let op = try? LLBOp(serializedBytes: bytes), case .source(let source) = op.op else { continue }
      if source.identifier.hasPrefix(scheme) { return String(source.identifier.dropFirst(scheme.count)) }
    }
    return nil
  }

  func message() throws -> GatewayRef {
    var source = LLBOp()
    source.source.identifier = Self.scheme + name
    let bytes: [UInt8] = try source.serializedBytes()
    let hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    let digest = hash.finish().description
    var end = LLBOp()
    end.inputs = [LLBInput()]
    end.inputs[0].digest = digest
    var reference = GatewayRef()
    reference.id = name
    reference.def.def = [.init(bytes), try end.serializedBytes()]
    reference.def.metadata = [digest: LLBOpMetadata()]
    return reference
  }
}
