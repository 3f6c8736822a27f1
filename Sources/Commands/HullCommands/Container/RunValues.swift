// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// The small languages inside the flags of `run`: each is checked, and turned into what the API takes.
enum RunValues {
  private static func invalid(_ message: String) -> HullError { HullError(.invalidArgument, message) }

  /// `NAME=value`, or `NAME` alone: the client's own value, if it has one.
  @Sendable static func environment(_ text: String) throws -> String {
    if let (name, _) = Text.cut(text, "=") {
      guard !name.isEmpty else { throw invalid("invalid environment variable: \(text)") }
      return text
    }
    guard !text.isEmpty else { throw invalid("invalid environment variable: \(text)") }
    return Environment.value(text).map { "\(text)=\($0)" } ?? text
  }

  @Sendable static func label(_ text: String) throws -> String {
    let key = Text.cut(text, "=")?.0 ?? text
    if Text.trimmed(key).isEmpty { throw invalid("invalid label '\(text)': empty name") }
    if key.contains(where: \.isWhitespace) { throw invalid("label '\(key)' contains whitespaces") }
    return text
  }

  @Sendable static func sysctl(_ text: String) throws -> String {
    let known = [
      "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
    ]
    guard let (name, _) = Text.cut(text, "="), known.contains(name) || name.hasPrefix("net.") || name.hasPrefix("fs.mqueue.") else {
      throw invalid("sysctl '\(text)' is not allowed")
    }
    return text
  }

  @Sendable static func extraHost(_ text: String) throws -> String {
    let parts = Text.cut(text, text.contains("=") ? "=" : ":")
    guard let (host, address) = parts, !host.isEmpty else { throw invalid("bad format for add-host: \(Text.quoted(text))") }
    let bare = address.hasPrefix("[") && address.hasSuffix("]") ? String(address.dropFirst().dropLast()) : address
    guard bare == "host-gateway" || isAddress(bare) else { throw invalid("invalid IP address in add-host: \(Text.quoted(address))") }
    return "\(host):\(bare)"
  }

  @Sendable static func address(_ text: String) throws -> String {
    let bare = Text.trimmed(text)
    guard isAddress(bare) else { throw invalid("IP address is not correctly formatted: \(text)") }
    return bare
  }

  /// `NAME[:ALIAS]`
  @Sendable static func link(_ text: String) throws -> String {
    guard !text.isEmpty else { throw invalid("empty string specified for links") }
    guard Text.split(text, ":").count <= 2 else { throw invalid("bad format for links: \(text)") }
    return text
  }

  /// A domain name without the dot at its end, or `.` for none: letters, digits and hyphens between dots, a letter somewhere.
  @Sendable static func searchDomain(_ text: String) throws -> String {
    let domain = Text.trimmed(text)
    if domain == "." { return domain }
    let name = domain.hasSuffix(".") ? String(domain.dropLast()) : domain
    let isName = Text.split(name, ".").allSatisfy { label in
      !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-") && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
    guard isName, name.contains(where: \.isLetter), name.utf8.count < 255 else { throw invalid("\(domain) is not a valid domain") }
    return name
  }

  static func isAddress(_ text: String) -> Bool {
    var storage = [UInt8](repeating: 0, count: 16)
    return inet_pton(AF_INET, text, &storage) == 1 || inet_pton(AF_INET6, text, &storage) == 1
  }

  /// `c 1:3 rwm`
  @Sendable static func deviceRule(_ text: String) throws -> String {
    let parts = text.split(separator: " ")
    let numbers = parts.count == 3 ? parts[1].split(separator: ":", omittingEmptySubsequences: false) : []
    guard numbers.count == 2, ["a", "b", "c"].contains(parts[0]), numbers.allSatisfy({ $0 == "*" || UInt32($0) != nil }),
      (1...3).contains(parts[2].count), parts[2].allSatisfy({ "rwm".contains($0) })
    else { throw invalid("invalid device cgroup format '\(text)'") }
    return text
  }

  @Sendable static func checkedUlimit(_ text: String) throws -> String {
    _ = try ulimit(text)
    return text
  }

  /// `nofile=1024[:2048]`
  static func ulimit(_ text: String) throws -> JSON {
    let known = [
      "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
    ]
    guard let (name, values) = Text.cut(text, "=") else { throw invalid("invalid ulimit argument: \(text)") }
    guard known.contains(name) else { throw invalid("invalid ulimit type: \(name)") }
    let numbers = Text.split(values, ":").map { $0 == "unlimited" ? -1 : Int($0) }
    guard numbers.count <= 2, let soft = numbers[0], let hard = numbers.count == 2 ? numbers[1] : soft else {
      throw invalid("invalid ulimit argument: \(text)")
    }
    guard hard == -1 || (soft != -1 && soft <= hard) else {
      throw invalid("ulimit soft limit must be less than or equal to hard limit: \(soft) > \(hard)")
    }
    return ["Name": .string(name), "Hard": .int(hard), "Soft": .int(soft)]
  }

  /// `/dev/x[:/dev/y[:rwm]]`
  static func device(_ text: String) throws -> JSON {
    let parts = Text.split(text, ":")
    func isMode(_ mode: String) -> Bool { !mode.isEmpty && mode.allSatisfy { "rwm".contains($0) } && Set(mode).count == mode.count }
    guard parts.count <= 3, !parts[0].isEmpty else { throw invalid("bad format for path: \(text)") }
    var (inside, mode) = (parts[0], "rwm")
    if parts.count > 1 { if isMode(parts[1]) { mode = parts[1] } else if !parts[1].isEmpty { inside = parts[1] } }
    if parts.count > 2 {
      guard isMode(parts[2]) else { throw invalid("bad mode specified: \(parts[2])") }
      mode = parts[2]
    }
    guard inside.hasPrefix("/") else { throw invalid("\(inside) is not an absolute path") }
    return ["PathOnHost": .string(parts[0]), "PathInContainer": .string(inside), "CgroupPermissions": .string(mode)]
  }

  /// `/dev/sda:1mb` (bytes) or `/dev/sda:1000` (operations)
  static func throttle(_ text: String, inBytes: Bool) throws -> JSON {
    guard let (path, rate) = Text.cut(text, ":"), path.hasPrefix("/dev/"),
      let number = inBytes ? (try? Units.bytes(rate)).map({ Int($0) }) : Int(rate), number >= 0
    else { throw invalid("bad format: \(text): the correct format is <device-path>:<number>\(inBytes ? "[<unit>]" : "")") }
    return ["Path": .string(path), "Rate": .int(number)]
  }

  /// `/dev/sda:500`
  static func weight(_ text: String) throws -> JSON {
    guard let (path, digits) = Text.cut(text, ":"), path.hasPrefix("/dev/") else { throw invalid("bad format for path: \(text)") }
    guard let weight = Int(digits), weight == 0 || (10...1000).contains(weight) else { throw invalid("invalid weight for device: \(text)") }
    return ["Path": .string(path), "Weight": .int(weight)]
  }

  /// `no`, `always`, `unless-stopped`, `on-failure[:n]`
  static func restartPolicy(_ text: String) throws -> JSON {
    let (name, count) = Text.cut(text, ":") ?? (text, "")
    guard text.isEmpty || !name.isEmpty else { throw invalid("invalid restart policy format: no policy provided before colon") }
    guard count.isEmpty || Int(count) != nil else { throw invalid("invalid restart policy format: maximum retry count must be an integer") }
    return ["Name": .string(name), "MaximumRetryCount": .int(Int(count) ?? 0)]
  }

  /// `type=opt`: `no-new-privileges`, `apparmor=…`, `seccomp=FILE` whose text is sent.
  static func securityOption(_ text: String) throws -> String {
    let bare = text == "no-new-privileges"
    let parts = Text.cut(text, "=") ?? (bare ? nil : Text.cut(text, ":"))
    guard bare || parts?.1.isEmpty == false else { throw invalid("invalid --security-opt: \(Text.quoted(text))") }
    guard let (key, value) = parts, key == "seccomp", value != "unconfined", value != "builtin", value != "default" else { return text }
    let profile: [UInt8]
    do { profile = try Files.read(value) } catch { throw invalid("opening seccomp profile (\(value)) failed: \(error)") }
    do { _ = try JSONParser.parse(profile) } catch { throw invalid("compacting json for seccomp profile (\(value)) failed: \(error)") }
    return "seccomp=" + String(decoding: JSONLayout.compact(profile), as: UTF8.self)
  }

  /// `net_admin` and `CAP_NET_ADMIN` are the same: `CAP_NET_ADMIN`.
  static func capabilities(_ names: [String]) -> [String] {
    names.map { Text.trimmed($0).uppercased() }.map { $0 == "ALL" || $0 == "RESET" || $0.hasPrefix("CAP_") ? $0 : "CAP_" + $0 }
  }

  /// `all`, a count, or `device=…,capabilities=…`
  static func gpus(_ text: String) throws -> JSON {
    var request: JSONObject = ["Driver": "", "Count": 0, "DeviceIDs": .null, "Capabilities": [["gpu"]], "Options": [:]]
    for field in try CSV.fields(text) {
      guard let (key, value) = Text.cut(field, "=") else {
        guard field == "all" || Int(field) != nil else { throw invalid("count must be an integer") }
        request["Count"] = .int(field == "all" ? -1 : Int(field) ?? 0)
        continue
      }
      switch key {
      case "driver": request["Driver"] = .string(value)
      case "count": request["Count"] = .int(value == "all" ? -1 : Int(value) ?? 0)
      case "device": request["DeviceIDs"] = .strings(Text.split(value, ","))
      case "capabilities": request["Capabilities"] = [.strings(["gpu"] + Text.split(value, ","))]
      default: throw invalid("unexpected key '\(key)' in '\(field)'")
      }
    }
    return .object(request)
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  init(dictionaryLiteral elements: (String, JSON)...) { for (key, value) in elements { append(key, value) } }
}
