// SPDX-License-Identifier: Apache-2.0

extension String {
  /// Without the characters at both ends for which `body` holds.
  func trimming(_ body: (Character) -> Bool) -> String {
    String(drop(while: body).reversed().drop(while: body).reversed())
  }
}
