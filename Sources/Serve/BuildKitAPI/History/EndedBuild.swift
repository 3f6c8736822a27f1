// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import GRPCCore
import OCISpec
import SwiftProtobuf

/// A build that has ended, with all that is kept of it.
struct EndedBuild: Sendable {
  private static let predicateKey = "in-toto.io/predicate-type"

  var record: ControlBuildHistoryRecord
  let log: (bytes: [UInt8], counts: HistoryLog.Counts, vertices: [ControlVertex])
  private var provenance: [BuildResult.Provenance] = []
  private var failure: RPCStatus?

  /// - Parameters:
  ///   - result: `nil`: nothing was made.
  ///   - time: nanoseconds since 1970.
  init(
    _ begun: ControlBuildHistoryRecord, _ outcome: Result<ControlSolveResponse, any Error>, _ result: BuildResult?, _ log: HistoryLog, at time: Int64
  ) {
    record = begun
    self.log = log.finish()
    record.completedAt = .init(nanoseconds: time)
    let counts = self.log.counts
    (record.numTotalSteps, record.numCachedSteps) = (Int32(clamping: counts.total), Int32(clamping: counts.cached))
    (record.numCompletedSteps, record.numWarnings) = (Int32(clamping: counts.completed), Int32(clamping: counts.warnings))
    switch outcome {
    case .success(let response): record.exporterResponse = response.exporterResponse
    case .failure(let error): failure = Self.status(error)
    }
    guard let result, failure == nil else { return }
    provenance = result.provenance
    if let target = result.target { record.result.results[0] = ControlDescriptor(target) }
  }

  private static func status(_ error: any Error) -> RPCStatus {
    let error = CallFailure.of(error)
    if let status = CallFailure.status(of: error) { return status }
    var status = RPCStatus()
    (status.code, status.message) = (Int32(Status.Code(error.code).rawValue), error.message)
    return status
  }

  /// The record, once its blobs are stored. Blocking.
  func stored(in files: HistoryFiles) throws(HullError) -> ControlBuildHistoryRecord {
    var record = record
    record.logs = try files.put(blob: log.bytes, HistoryLog.mediaType)
    for one in provenance {
      var descriptor = try files.put(blob: one.json, MediaType.inToto)
      descriptor.annotations = [Self.predicateKey: one.predicateType]
      if provenance.count == 1 {
        record.result.attestations.append(descriptor)
      } else {
        record.results[one.platform.description, default: ControlBuildResultInfo()].attestations.append(descriptor)
      }
    }
    if let failure {
      var short = failure
      short.details = []
      record.error = short
      if let bytes: [UInt8] = try? failure.serializedBytes() {
        record.externalError = try files.put(blob: bytes, "application/vnd.googeapis.google.rpc.status+proto")
      }
    }
    if let trace = HistoryTrace(record, log.vertices).json { record.trace = try files.put(blob: trace, HistoryTrace.mediaType) }
    return record
  }
}

extension ControlDescriptor {
  init(_ descriptor: Descriptor) {
    self.init()
    (mediaType, digest, size) = (descriptor.mediaType, descriptor.digest.description, descriptor.size)
    annotations = descriptor.annotations ?? [:]
  }
}
