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

  private let begun: ControlBuildHistoryRecord
  private let outcome: Result<ControlSolveResponse, any Error>
  private let result: BuildResult?
  private let log: HistoryLog
  private let time: Int64

  /// - Parameters:
  ///   - begun: what was said of the build when it began.
  ///   - result: `nil`: nothing was made.
  ///   - time: nanoseconds since 1970.
  init(
    _ begun: ControlBuildHistoryRecord, _ outcome: Result<ControlSolveResponse, any Error>, _ result: BuildResult?, _ log: HistoryLog, at time: Int64
  ) {
    (self.begun, self.outcome, self.result, self.log, self.time) = (begun, outcome, result, log, time)
  }

  var ref: String { begun.ref }

  private static func status(_ error: any Error) -> RPCStatus {
    let error = CallFailure.of(error)
    if let status = CallFailure.status(of: error) { return status }
    var status = RPCStatus()
    (status.code, status.message) = (Int32(Status.Code(error.code).rawValue), error.message)
    return status
  }

  /// The record, once its blobs are stored. Blocking.
  func stored(in files: HistoryFiles) throws(HullError) -> ControlBuildHistoryRecord {
    let log = self.log.finish()
    var record = begun
    record.completedAt = .init(nanoseconds: time)
    (record.numTotalSteps, record.numCachedSteps) = (Int32(clamping: log.counts.total), Int32(clamping: log.counts.cached))
    (record.numCompletedSteps, record.numWarnings) = (Int32(clamping: log.counts.completed), Int32(clamping: log.counts.warnings))
    record.logs = try files.put(blob: log.bytes, HistoryLog.mediaType)
    switch outcome {
    case .success(let response):
      record.exporterResponse = response.exporterResponse
      if let result { try store(result, files, &record) }
    case .failure(let error): try store(Self.status(error), files, &record)
    }
    if let trace = HistoryTrace(record, log.vertices).json { record.trace = try files.put(blob: trace, HistoryTrace.mediaType) }
    return record
  }

  private func store(_ result: BuildResult, _ files: HistoryFiles, _ record: inout ControlBuildHistoryRecord) throws(HullError) {
    if let target = result.target { record.result.results[0] = ControlDescriptor(target) }
    let provenance = try result.provenance()
    for one in provenance {
      var descriptor = try files.put(blob: one.json, MediaType.inToto)
      descriptor.annotations = [Self.predicateKey: one.predicateType]
      if provenance.count == 1 {
        record.result.attestations.append(descriptor)
      } else {
        record.results[one.platform.description, default: ControlBuildResultInfo()].attestations.append(descriptor)
      }
    }
  }

  private func store(_ failure: RPCStatus, _ files: HistoryFiles, _ record: inout ControlBuildHistoryRecord) throws(HullError) {
    record.error = failure
    record.error.details = []
    if let bytes: [UInt8] = try? failure.serializedBytes() {
      record.externalError = try files.put(blob: bytes, "application/vnd.googeapis.google.rpc.status+proto")
    }
  }
}

extension ControlDescriptor {
  init(_ descriptor: Descriptor) {
    self.init()
    (mediaType, digest, size) = (descriptor.mediaType, descriptor.digest.description, descriptor.size)
    annotations = descriptor.annotations ?? [:]
  }
}
