// SPDX-License-Identifier: Apache-2.0
import Errors

/// What may follow the second colon of `-v SOURCE:TARGET:MODE`.
struct MountMode: Equatable {
  static let propagations: Set<String> = ["private", "rprivate", "slave", "rslave", "shared", "rshared"]
  static let defaultPropagation = "rprivate"

  var writable = true
  var propagation: String?
  var noCopy = false
  var relabels = false
  /// What follows `idmap=`: Hull's own.
  var idMap = ""

  /// `nil` when some word is unknown or two are of one kind.
  init?(_ text: String) {
    if text.isEmpty { return }
    var seen: Set<String> = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
      let kind: String
      switch word {
      case "rw", "ro":
        kind = "access"
        writable = word == "rw"
      case "z", "Z":
        kind = "label"
        relabels = true
      case "nocopy":
        kind = "copy"
        noCopy = true
      case "consistent", "cached", "delegated": kind = "consistency"
      case _ where word.hasPrefix("idmap="):
        kind = "owners"
        idMap = String(word.dropFirst("idmap=".count))
      case _ where MountMode.propagations.contains(word):
        kind = "propagation"
        propagation = word
      default: return nil
      }
      guard seen.insert(kind).inserted else { return nil }
    }
  }
}
