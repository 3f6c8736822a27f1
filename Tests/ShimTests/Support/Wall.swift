// SPDX-License-Identifier: Apache-2.0
import Foundation
import Launch
import LinuxSystem
import ShimProtocol
import Testing

/// Who launches in a test: one suite for Hull's own launcher and for an OCI runtime.
enum Wall: String, CaseIterable, CustomTestStringConvertible {
  case builtin
  case runc

  static let runcPath = "/usr/sbin/runc"

  /// runc where it is installed.
  static var available: [Wall] { FileManager.default.isExecutableFile(atPath: runcPath) ? [.builtin, .runc] : [.builtin] }

  var testDescription: String { rawValue }

  /// Makes a request for this wall; for runc, writes the bundle's config.json as hulld does.
  func prepare(_ request: inout LaunchRequest, in workspace: Workspace) throws {
    guard self == .runc else { return }
    try configuration(request.plan, workspace).write(to: URL(fileURLWithPath: workspace.path + "/config.json"))
    request.runtime = .command(CommandRuntime(path: Wall.runcPath, root: workspace.path + "/runc", bundle: workspace.path))
  }

  func prepare(_ request: inout ExecRequest) throws {
    guard self == .runc else { return }
    request.specification = [UInt8](try JSONSerialization.data(withJSONObject: process(request.process)))
  }

  /// Removes what a shim that was killed could not.
  static func forget(_ id: String, in workspace: Workspace) {
    let arguments = [runcPath, "--root", workspace.path + "/runc", "delete", "--force", id]
    if let pid = try? Subprocess.start(runcPath, arguments, environment: []) { _ = try? Processes.reap(pid) }
  }

  private func configuration(_ plan: LaunchPlan, _ workspace: Workspace) throws -> Data {
    let names: [NamespacePlan.Kind: String] = [.mount: "mount", .pid: "pid", .ipc: "ipc", .uts: "uts", .network: "network"]
    let mounts = plan.mounts.map { mount in
      ["destination": mount.destination, "type": mount.type, "source": mount.source, "options": mount.data.split(separator: ",").map(String.init)]
        as [String: Any]
    }
    let linux: [String: Any] = [
      "namespaces": plan.namespaces.compactMap { names[$0.kind].map { ["type": $0] } }, "cgroupsPath": plan.cgroup?.path ?? "",
      "resources": ["devices": [["allow": true, "access": "rwm"] as [String: Any]]],
    ]
    let configuration: [String: Any] = [
      "ociVersion": "1.0.2", "process": process(plan.process), "root": ["path": plan.root.mountPoint], "hostname": plan.hostname ?? "",
      "mounts": mounts, "linux": linux,
    ]
    return try JSONSerialization.data(withJSONObject: configuration)
  }

  private func process(_ plan: ProcessPlan) -> [String: Any] {
    let capabilities = ["CAP_KILL", "CAP_CHOWN", "CAP_SYS_ADMIN"]
    return [
      "terminal": plan.terminal, "user": ["uid": 0, "gid": 0], "args": plan.arguments, "env": plan.environment, "cwd": plan.cwd,
      "capabilities": ["bounding": capabilities, "effective": capabilities, "permitted": capabilities],
    ]
  }
}
