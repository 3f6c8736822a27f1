// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Errors
import GRPCCore
import SwiftProtobuf

/// Errors on their way to and from gRPC.
enum CallFailure {
  /// The key of the status with details that goes with an error.
  private static let detailsKey = "grpc-status-details-bin"

  /// What a client is told. Messages stay as they are.
  static func of(_ error: any Error) -> RPCError {
    switch error {
    case let error as RPCError: error
    case let error as HullError: SourceDetail.failure(error) ?? RPCError(code: code(error.code), message: error.description)
    case is CancellationError: RPCError(code: .cancelled, message: "context canceled")
    default: RPCError(code: .unknown, message: "\(error)")
    }
  }

  /// The error that a client reports to us, given back to it unchanged.
  static func of(_ status: RPCStatus) throws -> RPCError {
    let code = Status.Code(rawValue: Int(status.code)).flatMap { RPCError.Code($0) } ?? .unknown
    return RPCError(code: code, message: status.message, metadata: [detailsKey: .binary(try status.serializedBytes())])
  }

  /// The status with details that goes with an error, where there is one.
  static func status(of error: RPCError) -> RPCStatus? {
    for case .binary(let bytes) in error.metadata[detailsKey] { return try? RPCStatus(serializedBytes: bytes) }
    return nil
  }

  /// An error with machine-readable details, each a type's name and its JSON.
  static func of(_ error: RPCError, details: [(type: String, json: [UInt8])]) throws -> RPCError {
    var status = RPCStatus()
    (status.code, status.message) = (Int32(Status.Code(error.code).rawValue), error.message)
    status.details = details.map { detail in
      var any = Google_Protobuf_Any()
      (any.typeURL, any.value) = (detail.type, .init(detail.json))
      return any
    }
    return RPCError(code: error.code, message: error.message, metadata: [detailsKey: .binary(try status.serializedBytes())])
  }

  /// Clients print the name of every code but the one for errors of all kinds, which is what builds mostly end with.
  private static func code(_ code: HullError.Code) -> RPCError.Code {
    switch code {
    case .unsupported: .unimplemented
    case .unavailable: .unavailable
    default: .unknown
    }
  }
}
