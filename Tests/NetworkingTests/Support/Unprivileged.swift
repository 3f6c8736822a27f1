// SPDX-License-Identifier: Apache-2.0
import CLinux
import LinuxSystem

/// Giving up rights, on one thread.
enum Unprivileged {
  /// The calling thread becomes nobody, for good.
  static func become() throws(SystemError) { try checked("setresuid") { hull_setresuid(65534, 65534, 65534) } }
}
