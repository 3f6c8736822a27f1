// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// A bundle as it lies on disk.
struct Bundle: Sendable {
  /// Absolute, without symbolic links.
  let path: String
  /// Without the seccomp filter, which is large and mostly known already.
  let spec: RuntimeSpec
  /// The filter as it stands in the configuration (`linux.seccomp`).
  let filter: JSONValue?
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
      let (rest, filter) = Self.split(try RuntimeJSON.parse(text))
      spec = try RuntimeJSON.decode(RuntimeSpec.self, from: rest)
      self.filter = filter
    } catch {
      throw HullError(error.code, "\(self.path)/config.json", cause: error)
    }
  }

  private static func split(_ config: JSONValue) -> (rest: JSONValue, filter: JSONValue?) {
    guard case .object(var members) = config, let index = members.lastIndex(where: { $0.name == "linux" }),
      case .object(var linux) = members[index].value, let filter = members[index].value["seccomp"], filter != .null
    else { return (config, nil) }
    linux.removeAll { $0.name == "seccomp" }
    members[index].value = .object(linux)
    return (.object(members), filter)
  }
}
