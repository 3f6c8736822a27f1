// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The descriptors of the whole process: for suites that run alone.
package enum OpenDescriptors {
  package static var count: Int {
    guard let directory = opendir("/proc/self/fd") else { return -1 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }
}
