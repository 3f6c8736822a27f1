// SPDX-License-Identifier: Apache-2.0
import Errors

/// `--mount type=bind,source=…,target=…` and `-v source:target:options`.
enum MountSpec {
  private static let flagOptions: Set<String> = ["readonly", "ro", "volume-nocopy", "bind-nonrecursive", "bind-create-src"]

  /// A member of `HostConfig.Mounts`.
  static func parse(_ text: String) throws -> JSON {
    var mount: JSONObject = ["Type": "volume"]
    for field in try CSV.fields(Text.trimmed(text)) {
      let parts = Text.cut(field, "=")
      let key = (parts?.0 ?? field).lowercased()
      guard parts != nil || flagOptions.contains(key) else { throw HullError(.invalidArgument, "invalid field '\(field)' must be a key=value pair") }
      try set(key, parts?.1, field, &mount)
    }
    try validate(mount)
    return .object(mount)
  }

  private static func set(_ key: String, _ value: String?, _ field: String, _ mount: inout JSONObject) throws {
    let text = value ?? ""
    func flag() throws -> JSON {
      guard let value else { return true }
      guard let on = Flag.boolean(value) else { throw HullError(.invalidArgument, "invalid value for \(key): \(value)") }
      return .bool(on)
    }
    func put(_ group: String, _ name: String, _ value: JSON) {
      var options = mount[group]?.object ?? JSONObject()
      options[name] = value
      mount[group] = .object(options)
    }
    switch key {
    case "type": mount["Type"] = .string(text.lowercased())
    case "source", "src": mount["Source"] = .string(text.hasPrefix(".") ? Paths.absolute(text, from: Environment.workingDirectory) : text)
    case "target", "dst", "destination": mount["Target"] = .string(text)
    case "readonly", "ro": mount["ReadOnly"] = try flag()
    case "consistency": mount["Consistency"] = .string(text.lowercased())
    case "bind-propagation": put("BindOptions", "Propagation", .string(text.lowercased()))
    case "bind-nonrecursive": put("BindOptions", "NonRecursive", try flag())
    case "bind-create-src": put("BindOptions", "CreateMountpoint", try flag())
    case "bind-recursive":
      switch text {
      case "enabled": break
      case "disabled": put("BindOptions", "NonRecursive", true)
      case "writable": put("BindOptions", "ReadOnlyNonRecursive", true)
      case "readonly": put("BindOptions", "ReadOnlyForceRecursive", true)
      default:
        throw HullError(.invalidArgument, "invalid value for \(key): \(text) (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")")
      }
    case "volume-subpath": put("VolumeOptions", "Subpath", .string(text))
    case "volume-nocopy": put("VolumeOptions", "NoCopy", try flag())
    case "volume-label", "volume-opt", "volume-driver": setVolume(key, text, &mount)
    case "image-subpath": put("ImageOptions", "Subpath", .string(text))
    case "tmpfs-size":
      guard let size = try? Units.bytes(text) else { throw HullError(.invalidArgument, "invalid value for \(key): \(text)") }
      put("TmpfsOptions", "SizeBytes", .int(Int(size)))
    case "tmpfs-mode":
      guard let mode = Int(text, radix: 8) else { throw HullError(.invalidArgument, "invalid value for \(key): \(text)") }
      put("TmpfsOptions", "Mode", .int(mode))
    default: throw HullError(.invalidArgument, "unexpected key '\(key)' in '\(field)'")
    }
  }

  private static func setVolume(_ key: String, _ text: String, _ mount: inout JSONObject) {
    var options = mount["VolumeOptions"]?.object ?? JSONObject()
    let (name, value) = Text.cut(text, "=") ?? (text, "")
    if key == "volume-label" {
      var labels = options["Labels"]?.object ?? JSONObject()
      labels[name] = .string(value)
      options["Labels"] = .object(labels)
    } else {
      var driver = options["DriverConfig"]?.object ?? JSONObject()
      if key == "volume-driver" {
        driver["Name"] = .string(text)
      } else {
        var driverOptions = driver["Options"]?.object ?? JSONObject()
        driverOptions[name] = .string(value)
        driver["Options"] = .object(driverOptions)
      }
      options["DriverConfig"] = .object(driver)
    }
    mount["VolumeOptions"] = .object(options)
  }

  private static func validate(_ mount: JSONObject) throws {
    let type = mount["Type"]?.text ?? ""
    guard !type.isEmpty else { throw HullError(.invalidArgument, "type is required") }
    guard mount["Target"]?.text.isEmpty == false else { throw HullError(.invalidArgument, "target is required") }
    for (group, owner) in [("VolumeOptions", "volume"), ("BindOptions", "bind"), ("TmpfsOptions", "tmpfs"), ("ImageOptions", "image")]
    where mount[group] != nil && type != owner {
      throw HullError(.invalidArgument, "cannot mix '\(owner)-*' options with mount type '\(type)'")
    }
    try validateRecursion(mount)
  }

  /// A read-only mount is needed where its recursion is chosen; the kernel's recursive kind must not leak mounts of others in.
  private static func validateRecursion(_ mount: JSONObject) throws {
    let options = mount["BindOptions"]?.object ?? JSONObject()
    func require(_ holds: Bool, _ option: String, _ needed: String) throws {
      guard holds else { throw HullError(.invalidArgument, "option '\(option)' requires '\(needed)' to be specified in conjunction") }
    }
    let isReadOnly = mount["ReadOnly"]?.bool == true
    if options["ReadOnlyNonRecursive"]?.bool == true { try require(isReadOnly, "bind-recursive=writable", "readonly") }
    if options["ReadOnlyForceRecursive"]?.bool == true {
      try require(isReadOnly, "bind-recursive=readonly", "readonly")
      try require(options["Propagation"]?.text == "rprivate", "bind-recursive=readonly", "bind-propagation=rprivate")
    }
  }

  /// A `-v`: a bind (or named volume) as the API takes it, or `nil` for a place that gets an anonymous volume.
  static func bind(_ text: String) throws -> String? {
    guard !text.isEmpty else { throw HullError(.invalidArgument, "invalid empty volume spec") }
    guard let (source, rest) = Text.cut(text, ":") else { return nil }
    guard !source.isEmpty, !Text.split(rest, ":").contains("") else {
      throw HullError(.invalidArgument, "invalid spec: \(text): empty section between colons")
    }
    return (source.hasPrefix(".") ? Paths.absolute(source, from: Environment.workingDirectory) : source) + ":" + rest
  }
}
