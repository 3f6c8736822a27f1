// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Builder

/// File modes as fsutil sends them: Go's `os.FileMode`, permission bits as in POSIX and the rest at the upper end.
enum SyncMode {
  private static let directory: UInt32 = 1 << 31
  private static let symbolicLink: UInt32 = 1 << 27
  private static let device: UInt32 = 1 << 26
  private static let fifo: UInt32 = 1 << 25
  private static let socket: UInt32 = 1 << 24
  private static let setUID: UInt32 = 1 << 23
  private static let setGID: UInt32 = 1 << 22
  private static let characterDevice: UInt32 = 1 << 21
  private static let sticky: UInt32 = 1 << 20
  private static let irregular: UInt32 = 1 << 19
  private static let kinds = directory | symbolicLink | device | fifo | socket | characterDevice | irregular

  static func isDirectory(_ mode: UInt32) -> Bool { mode & kinds == directory }

  /// `nil` for what has no place in a context: devices and sockets.
  static func listedKind(_ mode: UInt32) -> ListedFile.Kind? {
    switch mode & kinds {
    case 0: .regular
    case directory: .directory
    case symbolicLink: .symbolicLink
    case fifo: .fifo
    default: nil
    }
  }

  /// Permission, set-ID and sticky bits in their POSIX places.
  static func permissions(_ mode: UInt32) -> UInt32 {
    mode & 0o777 | (mode & setUID != 0 ? 0o4000 : 0) | (mode & setGID != 0 ? 0o2000 : 0) | (mode & sticky != 0 ? 0o1000 : 0)
  }

  static func of(_ node: TreeNode) -> UInt32 {
    let permissions =
      node.mode & 0o777 | (node.mode & 0o4000 != 0 ? setUID : 0) | (node.mode & 0o2000 != 0 ? setGID : 0) | (node.mode & 0o1000 != 0 ? sticky : 0)
    switch node.kind {
    case .regular: return permissions
    case .directory: return permissions | directory
    case .symbolicLink: return permissions | symbolicLink
    case .fifo: return permissions | fifo
    case .blockDevice: return permissions | device
    case .characterDevice: return permissions | device | characterDevice
    }
  }
}
