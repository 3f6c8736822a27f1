// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import Synchronization

/// What is asked for one published port.
package struct PortRequest: Sendable {
  package var transport: Transport
  /// All of these at the same port: usually `0.0.0.0` and `::`, or one. Not empty.
  package var addresses: [IPAddress]
  /// `nil`: any port of the dynamic range; more than one: the first that is free.
  package var ports: ClosedRange<UInt16>?
  /// Who gets it, for messages: the name of a container.
  package var holder: String
  /// Ports that turned out to be taken by somebody else when they were bound.
  package var unusable: Set<UInt16> = []

  package init(_ transport: Transport, _ addresses: [IPAddress], _ ports: ClosedRange<UInt16>?, holder: String) {
    self.transport = transport
    self.addresses = addresses
    self.ports = ports
    self.holder = holder
  }
}

/// Which ports of the host this engine has given out. Whether somebody else has a port shows when it is bound, which happens elsewhere:
/// on failure the port is released and asked for again as `unusable`. In memory, thread-safe.
package final class PortAllocator: Sendable {
  private struct Key: Hashable {
    let transport: Transport
    let port: UInt16
  }

  private struct State {
    /// Who holds a port, at which address; few per port.
    var holders: [Key: [(address: IPAddress, holder: String)]] = [:]
    /// The port that was given out last from a range.
    var last: [ClosedRange<UInt16>: UInt16] = [:]
  }

  private let range: ClosedRange<UInt16>
  private let reserved: Set<UInt16>
  private let state = Mutex(State())

  /// `dynamic`: where ports come from that nobody names; those in `reserved` are not among them.
  package init(dynamic: ClosedRange<UInt16>, reserved: Set<UInt16> = []) {
    range = dynamic
    self.reserved = reserved
  }

  /// Gives out a port at all addresses of the request. A port that nobody names is the one after that which was given out last.
  /// Throws `internalError`, in Docker's words and with the name of the holder, when there is none.
  package func allocate(_ request: PortRequest) throws(HullError) -> UInt16 {
    try state.withLock { state throws(HullError) in
      guard let port = candidates(request, state).first(where: { free($0, request, state) }) else { throw refusal(request, state) }
      for address in request.addresses {
        state.holders[Key(transport: request.transport, port: port), default: []].append((address, request.holder))
      }
      state.last[request.ports ?? range] = port
      return port
    }
  }

  /// Takes a port back; one that is not given out is fine.
  package func release(_ port: UInt16, _ transport: Transport, _ addresses: [IPAddress]) {
    let key = Key(transport: transport, port: port)
    state.withLock { state in
      state.holders[key]?.removeAll { addresses.contains($0.address) }
      if state.holders[key]?.isEmpty == true { state.holders[key] = nil }
    }
  }

  /// Who holds a port at an address, or at one that includes it; `nil`: it is free as far as this engine knows.
  package func holder(of port: UInt16, _ transport: Transport, _ address: IPAddress) -> String? {
    state.withLock { conflict(Key(transport: transport, port: port), address, $0)?.holder }
  }

  private func candidates(_ request: PortRequest, _ state: State) -> some Sequence<UInt16> {
    let range = request.ports ?? range
    // A named range is searched from its beginning.
    let start =
      request.ports == nil ? (state.last[range].map { $0 == range.upperBound ? range.lowerBound : $0 + 1 } ?? range.lowerBound) : range.lowerBound
    return (0..<range.count).lazy.map { offset in
      let distance = Int(start - range.lowerBound) + offset
      return range.lowerBound + UInt16(distance % range.count)
    }
  }

  private func free(_ port: UInt16, _ request: PortRequest, _ state: State) -> Bool {
    if request.unusable.contains(port) || (request.ports == nil && reserved.contains(port)) { return false }
    let key = Key(transport: request.transport, port: port)
    return request.addresses.allSatisfy { conflict(key, $0, state) == nil }
  }

  private func conflict(_ key: Key, _ address: IPAddress, _ state: State) -> (address: IPAddress, holder: String)? {
    state.holders[key]?.first {
      $0.address.family == address.family && ($0.address == address || $0.address.isUnspecified || address.isUnspecified)
    }
  }

  private func refusal(_ request: PortRequest, _ state: State) -> HullError {
    guard let ports = request.ports else { return HullError(.internalError, "all ports are allocated: \(range.lowerBound)-\(range.upperBound)") }
    guard ports.count == 1 else { return HullError(.internalError, "all ports are allocated: \(ports.lowerBound)-\(ports.upperBound)") }
    let key = Key(transport: request.transport, port: ports.lowerBound)
    for address in request.addresses {
      guard let other = conflict(key, address, state) else { continue }
      return HullError(
        .internalError, "Bind for \(other.address.withBrackets):\(key.port) failed: port is already allocated (by container \(other.holder))")
    }
    let address = request.addresses.first?.withBrackets ?? ""
    return HullError(.internalError, "failed to bind host port for \(address):\(key.port)/\(key.transport.rawValue): address already in use")
  }
}
