// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import DockerAPI
import OCISpec
import SwiftProtobuf

extension ControlUsageRecord {
  init(_ record: BuildCacheRecord) {
    self.init()
    (id, parents, description_p, recordType) = (record.id, record.parents, record.description, record.type)
    (size, inUse, shared, usageCount) = (record.size, record.inUse, record.shared, Int64(record.usageCount))
    mutable = record.type == "exec.cachemount"
    if let created = RFC3339.nanoseconds(record.createdAt) { createdAt = Google_Protobuf_Timestamp(nanoseconds: created) }
    if let used = record.lastUsedAt.flatMap(RFC3339.nanoseconds) { lastUsedAt = Google_Protobuf_Timestamp(nanoseconds: used) }
  }
}

extension BuildCacheLimits {
  init(_ request: ControlPruneRequest) {
    self.init()
    (all, filters, keepDuration) = (request.all, request.filter, request.keepDuration)
    (reservedSpace, maxUsedSpace, minFreeSpace) = (request.reservedSpace, request.maxUsedSpace, request.minFreeSpace)
  }
}

extension Google_Protobuf_Timestamp {
  /// - Parameter nanoseconds: since 1970.
  init(nanoseconds: Int64) {
    let second: Int64 = 1_000_000_000
    let seconds = nanoseconds >= 0 ? nanoseconds / second : (nanoseconds - second + 1) / second
    self.init(seconds: seconds, nanos: Int32(nanoseconds - seconds * second))
  }
}

extension LLBPlatform {
  init(_ platform: Platform) {
    self.init()
    (os, architecture, variant) = (platform.os, platform.architecture, platform.variant ?? "")
  }
}
