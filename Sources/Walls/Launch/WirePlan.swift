// SPDX-License-Identifier: Apache-2.0
import Errors

/// Raised whenever the plan's binary form changes; both ends are always of one build, so another number is refused.
private let planVersion: UInt8 = 3

extension LaunchPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(planVersion)
    writer.write(id)
    writer.write(root)
    writer.write(namespaces)
    writer.write(uidMappings)
    writer.write(gidMappings)
    writer.write(hostname)
    writer.write(domainname)
    writer.write(mounts)
    writer.write(devices)
    writer.write(maskedPaths)
    writer.write(readonlyPaths)
    writer.write(sysctls)
    writer.write(cgroup)
    writer.write(process)
    writer.write(hooks)
    writer.write(loopbackUp)
    writer.write(startGate)
    writer.write(timeOffsets)
    writer.write(newSessionKeyring)
    writer.write(binaryFormats)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    let version = try reader.read(UInt8.self)
    guard version == planVersion else {
      throw HullError(.invalidArgument, "launch plan has version \(version), this build reads \(planVersion): update both sides")
    }
    id = try reader.read()
    root = try reader.read()
    namespaces = try reader.readList()
    uidMappings = try reader.readList()
    gidMappings = try reader.readList()
    hostname = try reader.readOptional()
    domainname = try reader.readOptional()
    mounts = try reader.readList()
    devices = try reader.readList()
    maskedPaths = try reader.readList()
    readonlyPaths = try reader.readList()
    sysctls = try reader.readList()
    cgroup = try reader.readOptional()
    process = try reader.read()
    hooks = try reader.read()
    loopbackUp = try reader.read()
    startGate = try reader.readOptional()
    timeOffsets = try reader.readList()
    newSessionKeyring = try reader.read()
    binaryFormats = try reader.readList()
  }
}

extension Setting: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(name)
    writer.write(value)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    name = try reader.read()
    value = try reader.read()
  }
}

extension RootPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    switch source {
    case .directory(let path):
      writer.write(UInt8(0))
      writer.write(path)
    case .overlay(let lower, let upper, let work):
      writer.write(UInt8(1))
      writer.write(lower)
      writer.write(upper)
      writer.write(work)
    }
    writer.write(mountPoint)
    writer.write(readonly)
    writer.write(propagation)
    writer.write(noPivot)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    switch try reader.read(UInt8.self) {
    case 0: source = .directory(try reader.read())
    case 1: source = .overlay(lower: try reader.readList(), upper: try reader.read(), work: try reader.read())
    case let kind: throw HullError(.invalidArgument, "launch plan is malformed: unknown root kind \(kind)")
    }
    mountPoint = try reader.read()
    readonly = try reader.read()
    propagation = try reader.read()
    noPivot = try reader.read()
  }
}

extension NamespacePlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(kind)
    writer.write(path)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    kind = try reader.read()
    path = try reader.readOptional()
  }
}

extension NamespacePlan.Kind: WireValue {
  package func write(to writer: inout WireWriter) { writer.write(rawValue) }
  package init(from reader: inout WireReader) throws(HullError) {
    let raw = try reader.read(UInt8.self)
    guard let kind = Self(rawValue: raw) else { throw HullError(.invalidArgument, "launch plan is malformed: unknown namespace kind \(raw)") }
    self = kind
  }
}

extension IDMapping: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(container)
    writer.write(host)
    writer.write(size)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    container = try reader.read()
    host = try reader.read()
    size = try reader.read()
  }
}

extension MountPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(type)
    writer.write(source)
    writer.write(destination)
    writer.write(flags)
    writer.write(propagation)
    writer.write(data)
    writer.write(recursiveSet)
    writer.write(recursiveClear)
    writer.write(copyUp)
    writer.write(layers)
    writer.write(changes)
    writer.write(subpath)
    writer.write(uidMappings)
    writer.write(gidMappings)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    type = try reader.read()
    source = try reader.read()
    destination = try reader.read()
    flags = try reader.read()
    propagation = try reader.read()
    data = try reader.read()
    recursiveSet = try reader.read()
    recursiveClear = try reader.read()
    copyUp = try reader.read()
    layers = try reader.readList()
    changes = try reader.read()
    subpath = try reader.read()
    uidMappings = try reader.readList()
    gidMappings = try reader.readList()
  }
}

extension DevicePlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(path)
    writer.write(kind.rawValue)
    writer.write(major)
    writer.write(minor)
    writer.write(mode)
    writer.write(uid)
    writer.write(gid)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    path = try reader.read()
    let raw = try reader.read(UInt8.self)
    guard let kind = Kind(rawValue: raw) else { throw HullError(.invalidArgument, "launch plan is malformed: unknown device kind \(raw)") }
    self.kind = kind
    major = try reader.read()
    minor = try reader.read()
    mode = try reader.read()
    uid = try reader.read()
    gid = try reader.read()
  }
}

extension HookPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    for list in [prestart, createRuntime, createContainer, startContainer, poststart, poststop] { writer.write(list) }
    writer.write(bundle)
    writer.write(annotations)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    prestart = try reader.readList()
    createRuntime = try reader.readList()
    createContainer = try reader.readList()
    startContainer = try reader.readList()
    poststart = try reader.readList()
    poststop = try reader.readList()
    bundle = try reader.read()
    annotations = try reader.readList()
  }
}

extension HookPlan.Hook: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(path)
    writer.write(arguments)
    writer.write(environment)
    writer.write(timeout)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    path = try reader.read()
    arguments = try reader.readList()
    environment = try reader.readList()
    timeout = try reader.readOptional()
  }
}
