// SPDX-License-Identifier: Apache-2.0
import Errors

/// The options of one mount, taken apart as runc does it.
package struct MountOptions: Sendable, Equatable {
  /// `MS_*` flags that are set.
  package var flags: UInt = 0
  /// `MS_*` flags that an option asked to be off.
  package var cleared: UInt = 0
  /// `MS_PRIVATE`, … possibly with `MS_REC`; 0: none asked for.
  package var propagation: UInt = 0
  /// `MOUNT_ATTR_*` set and cleared on the whole tree.
  package var recursiveSet: UInt64 = 0
  package var recursiveClear: UInt64 = 0
  package var copyUp = false
  /// `idmap` or `ridmap`: owners are shown through the mount's mappings.
  package var mapsOwners = false
  /// What is left for the file system itself, joined by commas.
  package var data = ""

  package init(_ options: [String]) throws(HullError) {
    var rest: [String] = []
    for option in options {
      if let (clear, flag) = Self.flagOptions[option] {
        if clear {
          flags &= ~flag
          cleared |= flag
        } else {
          flags |= flag
          cleared &= ~flag
        }
      } else if let kind = Self.propagationOptions[option] {
        propagation = kind
      } else if let (clear, attribute) = Self.recursiveOptions[option] {
        setRecursive(attribute, clear: clear)
      } else if option == "tmpcopyup" {
        copyUp = true
      } else if option == "idmap" || option == "ridmap" {
        mapsOwners = true
      } else {
        rest.append(option)
      }
    }
    data = rest.joined(separator: ",")
  }

  private mutating func setRecursive(_ attribute: UInt64, clear: Bool) {
    if clear {
      recursiveClear |= attribute
      recursiveSet &= ~attribute
    } else {
      recursiveSet |= attribute
      recursiveClear &= ~attribute
    }
    // mount_setattr(2): whoever names an access-time mode must clear the whole field first.
    if attribute & Self.accessTimeField == attribute { recursiveClear |= Self.accessTimeField }
  }

  /// Every option that is not left to a file system (for `features`).
  package static var known: [String] {
    (Array(flagOptions.keys) + propagationOptions.keys + recursiveOptions.keys + ["tmpcopyup", "idmap", "ridmap"]).sorted()
  }
}

extension MountOptions {
  package static let readonly: UInt = 1
  package static let remount: UInt = 1 << 5
  package static let bind: UInt = 1 << 12
  package static let recursive: UInt = 1 << 14
  package static let unbindable: UInt = 1 << 17
  package static let `private`: UInt = 1 << 18
  package static let slave: UInt = 1 << 19
  package static let shared: UInt = 1 << 20

  /// By option: whether it clears, and the `MS_*` flag (linux/mount.h).
  static let flagOptions: [String: (clear: Bool, flag: UInt)] = [
    "async": (true, 1 << 4), "sync": (false, 1 << 4),
    "atime": (true, 1 << 10), "noatime": (false, 1 << 10),
    "bind": (false, bind), "rbind": (false, bind | recursive),
    "defaults": (false, 0),
    "dev": (true, 1 << 2), "nodev": (false, 1 << 2),
    "diratime": (true, 1 << 11), "nodiratime": (false, 1 << 11),
    "dirsync": (false, 1 << 7),
    "exec": (true, 1 << 3), "noexec": (false, 1 << 3),
    "iversion": (false, 1 << 23), "noiversion": (true, 1 << 23),
    "lazytime": (false, 1 << 25), "nolazytime": (true, 1 << 25),
    "loud": (true, 1 << 15), "silent": (false, 1 << 15),
    "mand": (false, 1 << 6), "nomand": (true, 1 << 6),
    "relatime": (false, 1 << 21), "norelatime": (true, 1 << 21),
    "strictatime": (false, 1 << 24), "nostrictatime": (true, 1 << 24),
    "suid": (true, 1 << 1), "nosuid": (false, 1 << 1),
    "symfollow": (true, 1 << 8), "nosymfollow": (false, 1 << 8),
    "remount": (false, remount),
    "ro": (false, readonly), "rw": (true, readonly),
  ]

  static let propagationOptions: [String: UInt] = [
    "private": `private`, "rprivate": `private` | recursive, "slave": slave, "rslave": slave | recursive,
    "shared": shared, "rshared": shared | recursive, "unbindable": unbindable, "runbindable": unbindable | recursive,
  ]

  /// By option: whether it clears, and the `MOUNT_ATTR_*`.
  static let recursiveOptions: [String: (clear: Bool, attribute: UInt64)] = [
    "rro": (false, 0x1), "rrw": (true, 0x1),
    "rnosuid": (false, 0x2), "rsuid": (true, 0x2),
    "rnodev": (false, 0x4), "rdev": (true, 0x4),
    "rnoexec": (false, 0x8), "rexec": (true, 0x8),
    "rrelatime": (false, 0x0), "rnorelatime": (true, 0x0),
    "rnoatime": (false, 0x10), "ratime": (true, 0x10),
    "rstrictatime": (false, 0x20), "rnostrictatime": (true, 0x20),
    "rnodiratime": (false, 0x80), "rdiratime": (true, 0x80),
    "rnosymfollow": (false, 0x20_0000), "rsymfollow": (true, 0x20_0000),
  ]

  private static let accessTimeField: UInt64 = 0x70

  /// A propagation by its name in `linux.rootfsPropagation`.
  package static func propagation(_ name: String) throws(HullError) -> UInt {
    guard let kind = propagationOptions[name] else {
      throw HullError(
        .invalidArgument, "rootfsPropagation=\(name) is not supported; use one of \(propagationOptions.keys.sorted().joined(separator: ", "))")
    }
    return kind
  }
}
