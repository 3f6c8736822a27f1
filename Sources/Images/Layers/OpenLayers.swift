// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// The directories of several layers, open for reading as long as this value lives.
final class OpenLayers {
  /// In the order of the paths.
  private(set) var roots: [Int32] = []

  init(_ paths: [String]) throws(HullError) {
    for path in paths {
      roots.append(try step("cannot look into a layer") { () throws(SystemError) in try Files.open(path, O_RDONLY | O_DIRECTORY) }.take())
    }
  }

  deinit { for root in roots { close(root) } }
}

/// A path below a layer's root, as bytes.
enum LayerPath {
  static func child(_ name: [UInt8], of directory: [UInt8]) -> [UInt8] { directory.isEmpty ? name : directory + [UInt8(ascii: "/")] + name }

  /// Absolute within the image, for people.
  static func shown(_ path: [UInt8]) -> String { "/" + String(decoding: path, as: UTF8.self) }
}
