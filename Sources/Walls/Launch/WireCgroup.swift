// SPDX-License-Identifier: Apache-2.0
import Errors

extension CgroupPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(path)
    writer.write(resources)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    path = try reader.read()
    resources = try reader.read()
  }
}

extension CgroupPlan.Resources: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(memory)
    writer.write(memorySwap)
    writer.write(memoryReservation)
    writer.write(swappiness)
    writer.write(oomKillDisable)
    writer.write(cpuShares)
    writer.write(cpuQuota)
    writer.write(cpuPeriod)
    writer.write(cpuRealtimeRuntime)
    writer.write(cpuRealtimePeriod)
    writer.write(cpusetCpus)
    writer.write(cpusetMems)
    writer.write(pids)
    writer.write(blkioWeight)
    for list in [throttleReadBps, throttleWriteBps, throttleReadIOPS, throttleWriteIOPS] { writer.write(list) }
    writer.write(hugepages)
    writer.write(devices)
    writer.write(unified)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    memory = try reader.readOptional()
    memorySwap = try reader.readOptional()
    memoryReservation = try reader.readOptional()
    swappiness = try reader.readOptional()
    oomKillDisable = try reader.readOptional()
    cpuShares = try reader.readOptional()
    cpuQuota = try reader.readOptional()
    cpuPeriod = try reader.readOptional()
    cpuRealtimeRuntime = try reader.readOptional()
    cpuRealtimePeriod = try reader.readOptional()
    cpusetCpus = try reader.readOptional()
    cpusetMems = try reader.readOptional()
    pids = try reader.readOptional()
    blkioWeight = try reader.readOptional()
    throttleReadBps = try reader.readList()
    throttleWriteBps = try reader.readList()
    throttleReadIOPS = try reader.readList()
    throttleWriteIOPS = try reader.readList()
    hugepages = try reader.readList()
    devices = try reader.readList()
    unified = try reader.readList()
  }
}

extension CgroupPlan.DeviceRule: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(allow)
    writer.write(type)
    writer.write(major)
    writer.write(minor)
    writer.write(access)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    allow = try reader.read()
    type = try reader.read()
    major = try reader.readOptional()
    minor = try reader.readOptional()
    access = try reader.read()
  }
}
