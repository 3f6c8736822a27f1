// SPDX-License-Identifier: Apache-2.0

/// Who is told about which descriptor. The kernel gives the lowest free number, so an array by number stays dense.
struct Registrations {
  struct Registration {
    unowned let handler: any ReadinessHandler
    /// Tells a descriptor from an earlier one of the same number, of which an event may still be on its way.
    let generation: UInt32
    var interest: Readiness
  }

  private var entries: [Registration?] = []
  private var generation: UInt32 = 0

  subscript(descriptor: Int32) -> Registration? {
    let index = Int(descriptor)
    return entries.indices.contains(index) ? entries[index] : nil
  }

  /// The generation of the new entry.
  mutating func insert(_ descriptor: Int32, _ interest: Readiness, _ handler: any ReadinessHandler) -> UInt32 {
    let index = Int(descriptor)
    while entries.count <= index { entries.append(nil) }
    generation &+= 1
    entries[index] = Registration(handler: handler, generation: generation, interest: interest)
    return generation
  }

  mutating func setInterest(_ interest: Readiness, of descriptor: Int32) { entries[Int(descriptor)]?.interest = interest }

  /// Whether there was one.
  mutating func remove(_ descriptor: Int32) -> Bool {
    guard self[descriptor] != nil else { return false }
    entries[Int(descriptor)] = nil
    return true
  }

  /// Gives back what a rush of connections has taken.
  mutating func trim() {
    guard let last = entries.lastIndex(where: { $0 != nil }), entries.capacity > 2 * (last + 1) else { return }
    entries = Array(entries[...last])
  }
}
