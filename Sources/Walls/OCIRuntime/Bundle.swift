// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// A bundle as it lies on disk.
struct Bundle: Sendable {
  /// Absolute, without symbolic links.
  let path: String
  let spec: RuntimeSpec
  /// `config.json` as it was read.
  let text: [UInt8]

  init(_ path: String) throws(HullError) {
    self.path = try StateFiles.resolved(try StateFiles.absolute(path))
    do throws(HullError) {
      text = try StateFiles.read(self.path + "/config.json")
    } catch  where error.code == .notFound {
      throw HullError(.notFound, "JSON specification file config.json not found in \(self.path)")
    }
    do throws(HullError) {
      spec = try RuntimeJSON.decode(RuntimeSpec.self, from: text)
    } catch {
      throw HullError(error.code, "\(self.path)/config.json", cause: error)
    }
  }
}
