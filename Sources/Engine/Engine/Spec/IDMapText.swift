// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch

/// `idmap=HOST-CONTAINER-COUNT[+…]`: files of the owner HOST on the host belong to CONTAINER in the container, and so for COUNT owners.
/// A range is for users and groups; one that begins with `u` or `g` is for users or groups only.
enum IDMapText {
  static func parse(_ text: String) throws(HullError) -> (uid: [IDMapping], gid: [IDMapping]) {
    let invalid = HullError(
      .invalidArgument, "invalid idmap '\(text)': write HOST-CONTAINER-COUNT, several joined by +, with u or g in front for users or groups alone")
    var maps: (uid: [IDMapping], gid: [IDMapping]) = ([], [])
    for part in text.split(separator: "+", omittingEmptySubsequences: false) {
      let (users, groups) = (part.first != "g", part.first != "u")
      let numbers = (users && groups ? part : part.dropFirst()).split(separator: "-", omittingEmptySubsequences: false).map { UInt32($0) }
      guard numbers.count == 3, let host = numbers[0], let container = numbers[1], let count = numbers[2], count > 0,
        !host.addingReportingOverflow(count).overflow, !container.addingReportingOverflow(count).overflow
      else { throw invalid }
      let mapping = IDMapping(container: host, host: container, size: count)
      if users { maps.uid.append(mapping) }
      if groups { maps.gid.append(mapping) }
    }
    guard !maps.uid.isEmpty, !maps.gid.isEmpty else {
      throw HullError(.invalidArgument, "invalid idmap '\(text)': users and groups both need a range")
    }
    return maps
  }
}
