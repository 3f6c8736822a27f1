// SPDX-License-Identifier: Apache-2.0
package enum AnswerRouting {
  package static let defaultMark: UInt32 = 0x2_0000
}
