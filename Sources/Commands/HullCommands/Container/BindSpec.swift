// SPDX-License-Identifier: Apache-2.0
import Errors

extension MountSpec {
  /// A `Mount` of the API from either form: `type=bind,source=…,target=…` or `source:target[:options]`.
  static func either(_ text: String) throws -> JSON {
    let first = try CSV.fields(Text.trimmed(text)).first ?? ""
    let key = Text.cut(first, "=")?.0.lowercased() ?? ""
    return ["type", "source", "src", "target", "dst", "destination", "readonly", "ro"].contains(key) ? try parse(text) : try fromBind(text)
  }

  /// What `-v` says, as a `Mount`: a directory of the host when the source begins with `/` or `.`, a volume otherwise.
  private static func fromBind(_ text: String) throws -> JSON {
    let parts = Text.split(try bind(text) ?? text, ":")
    guard parts.count <= 3 else { throw HullError(.invalidArgument, "invalid volume specification: '\(text)'") }
    let target = parts.count == 1 ? parts[0] : parts[1]
    guard target.hasPrefix("/"), target != "/" else {
      throw HullError(.invalidArgument, "invalid volume specification: '\(text)': the path in the container must be absolute and not '/'")
    }
    let isBind = parts.count > 1 && parts[0].hasPrefix("/")
    var mount: JSONObject = ["Type": isBind ? "bind" : "volume"]
    if parts.count > 1 { mount["Source"] = .string(parts[0]) }
    mount["Target"] = .string(target)
    // As -v does it: the directory is made when it is not there.
    var options: JSONObject = isBind ? ["CreateMountpoint": true] : [:]
    for option in parts.count == 3 ? Text.split(parts[2], ",") : [] { try set(option, isBind, &mount, &options) }
    if !options.isEmpty { mount[isBind ? "BindOptions" : "VolumeOptions"] = .object(options) }
    return .object(mount)
  }

  private static func set(_ option: String, _ isBind: Bool, _ mount: inout JSONObject, _ options: inout JSONObject) throws(HullError) {
    switch option {
    case "rw": break
    case "ro": mount["ReadOnly"] = true
    case "private", "rprivate", "shared", "rshared", "slave", "rslave":
      guard isBind else { throw HullError(.invalidArgument, "invalid mode: \(option): a volume has no propagation") }
      options["Propagation"] = .string(option)
    case "nocopy":
      guard !isBind else { throw HullError(.invalidArgument, "invalid mode: nocopy: only a volume is filled with the image's files") }
      options["NoCopy"] = true
    default: throw HullError(.invalidArgument, "invalid mode: \(option): known are ro, rw, nocopy and the kinds of propagation")
    }
  }
}
