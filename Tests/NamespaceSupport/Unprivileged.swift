// SPDX-License-Identifier: Apache-2.0
import CLinux
import LinuxSystem

/// Giving up rights, on one thread.
package enum Unprivileged {
  /// The calling thread becomes nobody, for good.
  package static func become() throws(SystemError) { try checked("setresuid") { hull_setresuid(65534, 65534, 65534) } }
}
