// SPDX-License-Identifier: Apache-2.0
import Errors

extension CgroupStats: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(cpuTotal)
    writer.write(cpuUser)
    writer.write(cpuSystem)
    writer.write(cpuPerCPU)
    writer.write(cpuPeriods)
    writer.write(cpuThrottledPeriods)
    writer.write(cpuThrottled)
    writer.write(memoryUsage)
    writer.write(memoryPeak)
    writer.write(memoryFailures)
    writer.write(memoryLimit)
    writer.write(memoryCounters)
    writer.write(pids)
    writer.write(pidsLimit)
    writer.write(blockIO)
    writer.write(isUnified)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    cpuTotal = try reader.read()
    cpuUser = try reader.read()
    cpuSystem = try reader.read()
    cpuPerCPU = try reader.readList()
    cpuPeriods = try reader.read()
    cpuThrottledPeriods = try reader.read()
    cpuThrottled = try reader.read()
    memoryUsage = try reader.read()
    memoryPeak = try reader.read()
    memoryFailures = try reader.read()
    memoryLimit = try reader.readOptional()
    memoryCounters = try reader.readList()
    pids = try reader.read()
    pidsLimit = try reader.readOptional()
    blockIO = try reader.readList()
    isUnified = try reader.read()
  }
}

extension CgroupStats.Counter: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(name)
    writer.write(value)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    name = try reader.read()
    value = try reader.read()
  }
}

extension CgroupStats.BlockIO: WireValue {
  package func write(to writer: inout WireWriter) {
    for number in [major, minor, readBytes, writeBytes, readOperations, writeOperations] { writer.write(number) }
  }
  package init(from reader: inout WireReader) throws(HullError) {
    major = try reader.read()
    minor = try reader.read()
    readBytes = try reader.read()
    writeBytes = try reader.read()
    readOperations = try reader.read()
    writeOperations = try reader.read()
  }
}
