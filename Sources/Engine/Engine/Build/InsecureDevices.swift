// SPDX-License-Identifier: Apache-2.0
import Launch

/// What `RUN --security=insecure` finds below /dev whether or not the host has a node for it, as with BuildKit: the kernel may have the device.
enum InsecureDevices {
  /// Number of loop devices beyond those that the host has.
  private static let spareLoops: UInt32 = 8

  static func add(to plan: inout LaunchPlan) {
    let known = Set(plan.devices.map(\.path))
    let loops = UInt32(known.count { $0.hasPrefix("/dev/loop") && Int($0.dropFirst(9)) != nil })
    plan.devices += (all + (0..<loops + spareLoops).map(loop)).filter { !known.contains($0.path) }
  }

  private static let all = [
    character("/dev/kmsg", 1, 11), character("/dev/cuse", 10, 203), character("/dev/fuse", 10, 229), character("/dev/kvm", 10, 232),
    character("/dev/net/tun", 10, 200), character("/dev/loop-control", 10, 237),
  ]

  private static func character(_ path: String, _ major: UInt32, _ minor: UInt32) -> DevicePlan {
    DevicePlan(path: path, kind: .character, major: major, minor: minor, mode: 0o666)
  }

  private static func loop(_ number: UInt32) -> DevicePlan {
    DevicePlan(path: "/dev/loop\(number)", kind: .block, major: 7, minor: number, mode: 0o660)
  }
}
