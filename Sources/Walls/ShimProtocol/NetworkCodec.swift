// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import Launch

extension NetworkPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(interfaces)
    writer.write(resolver)
    writer.write(ports)
    writer.write(showsClients)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    interfaces = try reader.readList()
    resolver = try reader.readOptional()
    ports = try reader.readList()
    showsClients = try reader.read()
  }
}

extension InterfacePlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(name)
    writer.write(link)
    writer.write(mac)
    writer.write(mtu)
    writer.write(addresses)
    writer.write(gateways)
    writer.write(sysctls)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    self.init(name: try reader.read(), link: try reader.read())
    mac = try reader.readOptional()
    mtu = try reader.readOptional()
    addresses = try reader.readList()
    gateways = try reader.readList()
    sysctls = try reader.readList()
  }
}

extension LinkPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    switch self {
    case .veth(let host, let bridge, let isolated):
      writer.write(UInt8(0))
      writer.write(host)
      writer.write(bridge)
      writer.write(isolated)
    case .macvlan(let parent, let mode):
      writer.write(UInt8(1))
      writer.write(parent)
      writer.write(mode)
    case .ipvlan(let parent, let mode, let flags):
      writer.write(UInt8(2))
      writer.write(parent)
      writer.write(mode)
      writer.write(flags)
    }
  }

  package init(from reader: inout WireReader) throws(HullError) {
    switch try reader.read(UInt8.self) {
    case 0: self = .veth(host: try reader.read(), bridge: try reader.read(), isolated: try reader.read())
    case 1: self = .macvlan(parent: try reader.read(), mode: try reader.read())
    case 2: self = .ipvlan(parent: try reader.read(), mode: try reader.read(), flags: try reader.read())
    case let kind: throw HullError(.invalidArgument, "unknown kind \(kind) of link in a network plan")
    }
  }
}

extension ResolverPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(zones)
    writer.write(aliases)
    writer.write(upstreams)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    zones = try reader.readList()
    aliases = try reader.readList()
    upstreams = try reader.readList()
  }
}

extension PortPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(transport.rawValue)
    writer.write(hostAddress)
    writer.write(hostPort)
    writer.write(address)
    writer.write(port)
  }

  package init(from reader: inout WireReader) throws(HullError) {
    let number: UInt8 = try reader.read()
    guard let transport = Transport(rawValue: number) else { throw HullError(.invalidArgument, "unknown transport \(number) of a published port") }
    self.init(transport, host: (try reader.read(), try reader.read()), target: (try reader.read(), try reader.read()))
  }
}

extension IPAddress: WireValue {
  package func write(to writer: inout WireWriter) { writer.write(bytes) }

  package init(from reader: inout WireReader) throws(HullError) {
    let bytes = try reader.readBytes()
    guard let address = IPAddress(bytes: bytes) else { throw HullError(.invalidArgument, "an IP address of \(bytes.count) bytes") }
    self = address
  }
}

extension IPPrefix: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.write(address)
    writer.write(UInt8(length))
  }

  package init(from reader: inout WireReader) throws(HullError) {
    let address: IPAddress = try reader.read()
    let length = Int(try reader.read(UInt8.self))
    guard length <= address.family.bits else { throw HullError(.invalidArgument, "a prefix of \(length) bits of \(address)") }
    self.init(address, length)
  }
}

extension MACAddress: WireValue {
  package func write(to writer: inout WireWriter) { writer.write(bytes) }

  package init(from reader: inout WireReader) throws(HullError) {
    let bytes = try reader.readBytes()
    guard bytes.count == 6 else { throw HullError(.invalidArgument, "a MAC address of \(bytes.count) bytes") }
    self.init(bytes: bytes)
  }
}
