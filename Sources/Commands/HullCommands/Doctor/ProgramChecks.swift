// SPDX-License-Identifier: Apache-2.0
import Errors

/// Hull's own programs, the socket, and the helpers that some commands use.
enum ProgramChecks {
  static func all(_ call: Invocation) -> [Finding] { own() + [socket(call), helpers()] }

  private static func own() -> [Finding] {
    [("hulld", "the engine"), ("hull-shim", "the supervisor of each workload")].map { name, what in
      if let path = ChildProcess.findBesideOwn(name) { return .ok(name, path) }
      return .fail(name, "neither beside hull nor in PATH", "\(what) is missing", fix: "make build")
    }
  }

  private static func socket(_ call: Invocation) -> Finding {
    let endpoint: Endpoint
    do { endpoint = try Endpoint.chosen(flag: call.host, environment: Environment.value) } catch {
      return .warn("socket", "unusable host", String(describing: error))
    }
    do {
      let version = try EngineClient(endpoint: endpoint).json("GET", "/version")
      return .ok("socket", "\(endpoint.description) answers: \(version["Version"].text), API \(version["ApiVersion"].text)")
    } catch let error as HullError where error.code == .forbidden {
      return .warn("socket", "\(endpoint.description): permission denied", "commands need root or the socket's group", fix: "sudo hull …")
    } catch {
      return .warn("socket", "\(endpoint.description) does not answer", "hulld is not running", fix: "hull system start")
    }
  }

  private static func helpers() -> Finding {
    let wanted: [(program: String, package: String, use: String)] = [
      ("mmdebstrap", "mmdebstrap", "hull image bootstrap debian (installed when needed)"),
      ("qemu-aarch64-static", "qemu-user-static", "containers and builds for other platforms"),
      ("qemu-system-x86_64", "qemu-system-x86", "the vm wall"), ("nft", "nftables", "looking at published ports"),
    ]
    let missing = wanted.filter { ChildProcess.find($0.program) == nil }
    let there = wanted.filter { helper in !missing.contains { $0.program == helper.program } }.map(\.program)
    if missing.isEmpty { return .ok("helpers", there.joined(separator: " ")) }
    return .warn(
      "helpers", "missing: \(missing.map(\.program).joined(separator: " "))", "used for: \(missing.map(\.use).joined(separator: "; "))",
      fix: "apt-get install \(missing.map(\.package).joined(separator: " "))")
  }
}
