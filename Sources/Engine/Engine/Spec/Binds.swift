// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors

/// Reads the ways in which a client can ask for a mount, with Docker's words for what is wrong.
enum Binds {
  /// `-v`: `SOURCE:TARGET[:MODE]` or `TARGET`.
  static func parse(_ text: String) throws(HullError) -> MountRecord {
    let parts = text.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
    let invalid = HullError(.invalidArgument, "invalid volume specification: '\(text)'")
    guard let first = parts.first, !first.isEmpty, parts.count <= 3 else { throw invalid }
    if parts.count == 2, MountMode(parts[1]) != nil { throw invalid }
    let modeText = parts.count == 3 ? parts[2] : ""
    guard let mode = MountMode(modeText) else { throw HullError(.invalidArgument, "invalid mode: \(modeText)") }
    var record: MountRecord
    do {
      let target = parts.count == 1 ? first : parts[1]
      let source = parts.count == 1 ? "" : first
      let kind: MountRecord.Kind = source.hasPrefix("/") ? .bind : .volume
      try checkTarget(target, type: kind.rawValue)
      record = MountRecord(kind: kind, source: kind == .bind ? CleanPath.clean(source) : "", destination: CleanPath.clean(target))
      if kind == .volume { record.name = source }
    } catch {
      throw HullError(error.code, "invalid volume specification: '\(text)': \(error.message)")
    }
    record.writable = mode.writable
    record.mode = modeText
    record.createSource = true
    try apply(mode, of: text, to: &record)
    return record
  }

  private static func apply(_ mode: MountMode, of text: String, to record: inout MountRecord) throws(HullError) {
    func extra(_ field: String) -> HullError {
      HullError(
        .invalidArgument,
        "invalid volume specification: '\(text)': invalid mount config for type \"\(record.kind.rawValue)\": field \(field) must not be specified")
    }
    record.relabel = mode.relabels
    if !mode.idMap.isEmpty {
      _ = try IDMapText.parse(mode.idMap)
      record.idMap = mode.idMap
    }
    switch record.kind {
    case .bind:
      if mode.noCopy { throw extra("VolumeOptions") }
      record.propagation = mode.propagation ?? MountMode.defaultPropagation
    default:
      if mode.propagation != nil { throw extra("BindOptions") }
      record.noCopy = mode.noCopy
      // As Docker shows it.
      if record.mode.isEmpty && !record.name.isEmpty { record.mode = "z" }
    }
  }

  /// `--mount`. Blocking: looks whether a bind's source is there.
  static func parse(_ mount: Mount) throws(HullError) -> MountRecord {
    do {
      return try record(of: mount)
    } catch {
      throw HullError(error.code, "invalid mount config for type \"\(mount.type)\": \(error.message)")
    }
  }

  private static func record(of mount: Mount) throws(HullError) -> MountRecord {
    try checkOptions(of: mount)
    guard !mount.target.isEmpty else { throw HullError(.invalidArgument, "field Target must not be empty") }
    try checkTarget(mount.target, type: nil)
    var record: MountRecord
    let target = CleanPath.clean(mount.target)
    switch mount.type {
    case "bind": record = try bind(mount, target: target)
    case "volume": record = try volume(mount, target: target)
    case "tmpfs":
      guard mount.source.isEmpty else { throw HullError(.invalidArgument, "field Source must not be specified") }
      record = MountRecord(kind: .tmpfs, source: "", destination: target)
      record.options = try TmpfsMounts.options(mount.tmpfsOptions, readOnly: mount.readOnly)
    case "image":
      guard !mount.source.isEmpty else { throw HullError(.invalidArgument, "field Source must not be empty") }
      record = MountRecord(kind: .image, source: mount.source, destination: target)
      record.subpath = mount.imageOptions?.subpath ?? ""
      if !record.subpath.isEmpty { try checkSubpath(record.subpath) }
    default: throw HullError(.invalidArgument, "mount type unknown")
    }
    record.writable = !mount.readOnly && record.kind != .image
    record.fromMountSpec = true
    return record
  }

  private static func volume(_ mount: Mount, target: String) throws(HullError) -> MountRecord {
    let anonymous = mount.source.isEmpty
    var record = MountRecord(kind: .volume, source: "", destination: target)
    record.name = mount.source
    record.noCopy = mount.volumeOptions?.noCopy ?? false
    record.subpath = mount.volumeOptions?.subpath ?? ""
    guard !(anonymous && mount.readOnly) else { throw HullError(.invalidArgument, "must not set ReadOnly mode when using anonymous volumes") }
    guard !anonymous || record.subpath.isEmpty else {
      throw HullError(.invalidArgument, "must not set Subpath when using anonymous volumes")
    }
    if !record.subpath.isEmpty { try checkSubpath(record.subpath) }
    if !anonymous { record.mode = "z" }
    return record
  }

  /// A relative path that does not lead out.
  static func checkSubpath(_ path: String) throws(HullError) {
    let clean = CleanPath.clean(path)
    guard !path.hasPrefix("/"), clean != "..", !clean.hasPrefix("../"), !path.utf8.contains(0) else {
      throw HullError(.invalidArgument, "subpath must be a relative path within the volume")
    }
  }

  private static func bind(_ mount: Mount, target: String) throws(HullError) -> MountRecord {
    guard !mount.source.isEmpty else { throw HullError(.invalidArgument, "field Source must not be empty") }
    let options = mount.bindOptions ?? BindOptions()
    guard options.propagation.isEmpty || MountMode.propagations.contains(options.propagation) else {
      throw HullError(.invalidArgument, "invalid propagation mode: \(options.propagation)")
    }
    guard mount.source.hasPrefix("/") else {
      throw HullError(.invalidArgument, "invalid mount path: '\(mount.source)' mount path must be absolute")
    }
    guard options.createMountpoint || HostFiles.exists(mount.source) else {
      throw HullError(.invalidArgument, "bind source path does not exist: \(mount.source)")
    }
    var record = MountRecord(kind: .bind, source: CleanPath.clean(mount.source), destination: target)
    record.propagation = options.propagation.isEmpty ? MountMode.defaultPropagation : options.propagation
    record.nonRecursive = options.nonRecursive
    record.readOnlyNonRecursive = options.readOnlyNonRecursive
    record.readOnlyForceRecursive = options.readOnlyForceRecursive
    record.createSource = options.createMountpoint
    record.idMap = options.idMap
    if !record.idMap.isEmpty { _ = try IDMapText.parse(record.idMap) }
    guard !(record.readOnlyNonRecursive && record.readOnlyForceRecursive) else {
      throw HullError(.invalidArgument, "mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive")
    }
    return record
  }

  private static func checkOptions(of mount: Mount) throws(HullError) {
    let extra: [(given: Bool, type: String, field: String)] = [
      (mount.bindOptions != nil, "bind", "BindOptions"), (mount.volumeOptions != nil, "volume", "VolumeOptions"),
      (mount.imageOptions != nil, "image", "ImageOptions"), (mount.tmpfsOptions != nil, "tmpfs", "TmpfsOptions"),
    ]
    for option in extra where option.given && mount.type != option.type {
      throw HullError(.invalidArgument, "field \(option.field) must not be specified")
    }
  }

  /// A place in the container: absolute and not the root. `type` is put in front of the message when it is given.
  static func checkTarget(_ target: String, type: String?) throws(HullError) {
    let prefix = type.map { "invalid mount config for type \"\($0)\": " } ?? ""
    let clean = CleanPath.clean(target.replacing("\\", with: "/"))
    guard clean != "/" else { throw HullError(.invalidArgument, prefix + "invalid specification: destination can't be '/'") }
    guard target.hasPrefix("/") else {
      throw HullError(.invalidArgument, prefix + "invalid mount path: '\(target)' mount path must be absolute")
    }
  }
}

/// tmpfs mounts and their options.
enum TmpfsMounts {
  /// `--mount type=tmpfs` options as mount(8) writes them.
  static func options(_ options: TmpfsOptions?, readOnly: Bool) throws(HullError) -> String {
    var words = readOnly ? ["ro"] : []
    guard let options else { return words.joined(separator: ",") }
    if options.mode != 0 { words.append("mode=" + String(options.mode, radix: 8)) }
    if options.sizeBytes != 0 { words.append("size=\(options.sizeBytes)") }
    for option in options.options {
      guard (1...2).contains(option.count) else { throw HullError(.invalidArgument, "invalid option array length") }
      guard ["exec", "noexec"].contains(option[0]) else { throw HullError(.invalidArgument, "invalid option: " + option[0]) }
      words.append(option.joined(separator: "="))
    }
    return words.joined(separator: ",")
  }

  /// Docker's defaults and what was asked for over them: of two that exclude each other the last counts.
  static func merged(_ text: String) throws(HullError) -> [String] {
    var result: [String] = []
    for word in ["noexec", "nosuid", "nodev", MountMode.defaultPropagation] + text.split(separator: ",").map(String.init) {
      guard let group = groups.first(where: { $0.contains(word) }) else {
        let key = word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
        guard word.contains("="), values.contains(key) else { throw HullError(.invalidArgument, "invalid tmpfs option [\"\(word)\"]") }
        result.removeAll { $0.hasPrefix(key + "=") }
        result.append(word)
        continue
      }
      result.removeAll { group.contains($0) }
      result.append(word)
    }
    return result
  }

  private static let values: Set<String> = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"]
  private static let groups: [Set<String>] = [
    ["exec", "noexec"], ["suid", "nosuid"], ["dev", "nodev"], ["rw", "ro"], ["sync", "async"], ["atime", "noatime"], ["diratime", "nodiratime"],
    ["relatime", "norelatime"], ["strictatime", "nostrictatime"], ["private", "rprivate", "slave", "rslave", "shared", "rshared"], ["dirsync"],
    ["defaults"], ["tmpcopyup"],
  ]
}
