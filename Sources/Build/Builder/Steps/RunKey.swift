// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import OCISpec

extension RunStep {
  /// What counts for its key beside the files that it finds, by names that a person understands.
  var settings: [String: String] {
    var settings: [String: String] = [:]
    for entry in environment {
      settings["variable \(BuildVariables.name(of: entry))"] = String(entry.drop { $0 != "=" }.dropFirst())
    }
    settings["command"] = JSONText.list(arguments)
    settings["directory"] = directory
    settings["user"] = user
    settings["network"] = network == "default" ? "" : network
    settings["security"] = insecure ? "insecure" : ""
    settings["platform"] = platform.description
    settings["hostname"] = hostname
    settings["hosts"] = extraHosts.joined(separator: " ")
    settings["exit codes"] = exitCodes == [0] ? "" : exitCodes.sorted().map(String.init).joined(separator: " ")
    settings["script"] = script.map { SHA256.digest(of: $0).hex } ?? ""
    settings["root output"] = rootOutput.map(String.init)
    for (number, mount) in mounts.enumerated() { settings.merge(mount.settings("mount \(number)")) { _, new in new } }
    return settings.filter { !$0.value.isEmpty }
  }
}

extension RunStep.Mount {
  /// What counts of it; what secrets and agents hold never does.
  fileprivate func settings(_ name: String) -> [String: String] {
    var settings = [name: "\(mount.kind.rawValue) \(target) \(mount.id ?? "") \(mount.source ?? "")"]
    settings["\(name) access"] = mount.readOnly.map { $0 ? "read-only" : "writable" }
    settings["\(name) variable"] = mount.environment
    settings["\(name) output"] = output.map(String.init)
    return settings
  }
}
