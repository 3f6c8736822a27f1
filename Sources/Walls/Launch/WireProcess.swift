// SPDX-License-Identifier: Apache-2.0
import Errors

extension ProcessPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(arguments)
    writer.write(environment)
    writer.write(cwd)
    writer.write(user)
    writer.write(terminal)
    writer.write(rows)
    writer.write(columns)
    writer.write(capabilities)
    writer.write(noNewPrivileges)
    writer.write(rlimits)
    writer.write(seccompProgram)
    writer.write(seccompFlags)
    writer.write(oomScoreAdj)
    writer.write(umask)
    writer.write(apparmorProfile)
    writer.write(selinuxLabel)
    writer.write(dieWithParent)
    writer.write(preservedDescriptors)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    arguments = try reader.readList()
    environment = try reader.readList()
    cwd = try reader.read()
    user = try reader.read()
    terminal = try reader.read()
    rows = try reader.read()
    columns = try reader.read()
    capabilities = try reader.read()
    noNewPrivileges = try reader.read()
    rlimits = try reader.readList()
    seccompProgram = try reader.readBytes()
    seccompFlags = try reader.read()
    oomScoreAdj = try reader.readOptional()
    umask = try reader.readOptional()
    apparmorProfile = try reader.readOptional()
    selinuxLabel = try reader.readOptional()
    dieWithParent = try reader.read()
    preservedDescriptors = try reader.read()
  }
}

extension UserPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    switch self {
    case .name(let name, let additional):
      writer.write(UInt8(0))
      writer.write(name)
      writer.write(additional)
    case .ids(let uid, let gid, let additional):
      writer.write(UInt8(1))
      writer.write(uid)
      writer.write(gid)
      writer.write(additional)
    }
  }

  package init(from reader: inout WireReader) throws(HullError) {
    switch try reader.read(UInt8.self) {
    case 0: self = .name(try reader.read(), additional: try reader.readList())
    case 1: self = .ids(uid: try reader.read(), gid: try reader.read(), additional: try reader.readList())
    case let kind: throw HullError(.invalidArgument, "process plan is malformed: unknown user kind \(kind)")
    }
  }
}

extension CapabilitySets: WireValue {
  package func write(to writer: inout WireWriter) {
    for set in [bounding, effective, permitted, inheritable, ambient] { writer.write(set) }
  }
  package init(from reader: inout WireReader) throws(HullError) {
    bounding = try reader.read()
    effective = try reader.read()
    permitted = try reader.read()
    inheritable = try reader.read()
    ambient = try reader.read()
  }
}

extension Rlimit: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(resource)
    writer.write(soft)
    writer.write(hard)
    writer.write(required)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    resource = try reader.read()
    soft = try reader.read()
    hard = try reader.read()
    required = try reader.read()
  }
}

extension JoinTarget: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(pid)
    writer.write(cgroupPath)
    writer.write(namespaces)
  }
  package init(from reader: inout WireReader) throws(HullError) {
    pid = try reader.read()
    cgroupPath = try reader.readOptional()
    namespaces = try reader.readList()
  }
}
