// SPDX-License-Identifier: Apache-2.0
import Glibc

/// `hull __complete WORD…`: candidates for the last word, a line each, `value<TAB>description`.
struct Completer {
  let words: [String]
  let host: String?

  private static let filesLine = ":files"

  func run() -> Int32 {
    // A shell waits for this: an engine that hangs must not hold it up.
    alarm(3)
    for line in candidates() { Output.shared.line(line) }
    return 0
  }

  func candidates() -> [String] {
    let current = words.last ?? ""
    var commands = Catalogue.top
    var command: Command?
    var rest = words.dropLast()
    while let word = rest.first {
      if command == nil, word.hasPrefix("-") {
        rest.removeFirst()
        if word == "-H" || word == "--host" { rest = rest.dropFirst() }
        continue
      }
      guard let next = commands.first(where: { $0.answers(to: word) }) else { break }
      rest.removeFirst()
      command = next
      commands = next.subcommands()
    }
    guard let command, !command.isNoun else {
      if current.hasPrefix("-") { return flags(command == nil ? CommandRunner.globalFlags : [], current) }
      return commands.filter { $0.name.hasPrefix(current) }.sorted { $0.name < $1.name }.map { "\($0.name)\t\($0.summary)" }
    }
    let verbs = rest.isEmpty && !current.isEmpty ? commands.filter { $0.name.hasPrefix(current) } : []
    return verbs.map { "\($0.name)\t\($0.summary)" } + arguments(of: command, Array(rest), current)
  }

  private func flags(_ flags: [Flag], _ prefix: String) -> [String] {
    let all = flags.filter { !$0.hidden }.map { (name: "--\($0.name)", help: $0.help) } + [(name: "--help", help: "Print usage")]
    return all.filter { $0.name.hasPrefix(prefix) }.sorted { $0.name < $1.name }.map { "\($0.name)\t\($0.help.split(separator: "\n").first ?? "")" }
  }

  private func arguments(of command: Command, _ words: [String], _ current: String) -> [String] {
    let flags = command.flags()
    var positional: [String] = []
    var awaiting: Flag?
    for word in words {
      if awaiting != nil {
        awaiting = nil
      } else if word.hasPrefix("-"), word != "-", command.interspersed || positional.isEmpty {
        awaiting = taker(word, flags)
      } else {
        positional.append(word)
      }
    }
    if let awaiting { return values(of: awaiting, current) }
    if !command.interspersed, !positional.isEmpty { return [Self.filesLine] }
    if current.hasPrefix("--"), let (name, value) = Text.cut(current, "="), let flag = flags.first(where: { "--\($0.name)" == name }) {
      return values(of: flag, value).map { $0 == Self.filesLine ? $0 : "\(name)=\($0)" }
    }
    if current.hasPrefix("-") { return self.flags(flags, current) }
    return operands(command.completion, positional, current)
  }

  /// The flag that takes the next word as its value.
  private func taker(_ word: String, _ flags: [Flag]) -> Flag? {
    if word.contains("=") { return nil }
    let flag = word.hasPrefix("--") ? flags.first { "--\($0.name)" == word } : flags.first { $0.short == word.last }
    return flag?.kind == .bool ? nil : flag
  }

  private func values(of flag: Flag, _ prefix: String) -> [String] {
    let words: [String: [String]] = [
      "pull": ["always", "missing", "never"],
      "restart": ["no", "always", "on-failure", "unless-stopped"], "cgroupns": ["host", "private"], "format": ["json", "table"],
      "attach": ["stdin", "stdout", "stderr"], "signal": ["HUP", "INT", "KILL", "QUIT", "TERM", "USR1", "USR2"],
      "stop-signal": ["HUP", "INT", "KILL", "QUIT", "TERM"], "log-driver": ["json-file", "none"],
      "type": ["container", "image", "network", "volume"],
      "cap-add": Capabilities.names, "cap-drop": Capabilities.names,
    ]
    if let known = words[flag.name] { return known.filter { $0.hasPrefix(prefix) } }
    if ["env-file", "label-file", "cidfile", "input", "output", "volume", "device", "root", "state", "log-file"].contains(flag.name) {
      return [Self.filesLine]
    }
    switch flag.name {
    case "volumes-from", "link": return containers("all", prefix)
    case "network", "net": return (["bridge", "host", "none"].filter { $0.hasPrefix(prefix) } + networks(prefix)).withoutRepetition
    case "config-from": return networks(prefix)
    default: return []
    }
  }

  private func operands(_ completion: Command.Completion, _ earlier: [String], _ prefix: String) -> [String] {
    switch completion {
    case .nothing: []
    case .files: [Self.filesLine]
    case .words(let words): words.filter { $0.hasPrefix(prefix) }
    case .containers: containers("all", prefix)
    case .runningContainers: containers("running", prefix)
    case .stoppedContainers: containers("stopped", prefix)
    case .images: images(prefix)
    case .volumes: volumes(prefix)
    case .objects: containers("all", prefix) + images(prefix)
    case .networks: networks(prefix)
    case .networkThenContainers: earlier.isEmpty ? networks(prefix) : earlier.count == 1 ? containers("all", prefix) : []
    case .containerThenFiles: prefix.contains("/") || prefix.hasPrefix(".") ? [Self.filesLine] : [":nospace"] + containers("all", prefix, ":")
    }
  }

  private var engine: EngineClient? {
    (try? Endpoint.chosen(flag: host, environment: Environment.value)).map { EngineClient(endpoint: $0) }
  }

  private func containers(_ which: String, _ prefix: String, _ suffix: String = "") -> [String] {
    let query: EngineClient.Query = which == "running" ? [] : [("all", "1")]
    let found = (try? engine?.json("GET", "/containers/json", query: query))?.array ?? []
    return found.filter { which != "stopped" || $0["State"].text != "running" }.map { container in
      let name = container["Names"].strings.first.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 } ?? Text.shortID(container["Id"].text)
      return "\(name)\(suffix)\t\(container["Image"].text), \(container["Status"].text)"
    }.filter { $0.hasPrefix(prefix) }
  }

  private func networks(_ prefix: String) -> [String] {
    let found = (try? engine?.json("GET", "/networks"))?.array ?? []
    return found.map { "\($0["Name"].text)\t\($0["Driver"].text)" }.filter { $0.hasPrefix(prefix) }
  }

  private func volumes(_ prefix: String) -> [String] {
    let found = (try? engine?.json("GET", "/volumes"))?["Volumes"].array ?? []
    return found.map { "\($0["Name"].text)\t\($0["Driver"].text)" }.filter { $0.hasPrefix(prefix) }.sorted()
  }

  private func images(_ prefix: String) -> [String] {
    let found = (try? engine?.json("GET", "/images/json"))?.array ?? []
    return found.flatMap { image in image["RepoTags"].strings.map { "\($0)\t\(Units.size(image["Size"].double ?? 0, precision: 3))" } }
      .filter { $0.hasPrefix(prefix) && !$0.hasPrefix("<none>") }
  }
}

extension [String] {
  /// The first of all candidates with the same value, whatever stands behind the tab.
  fileprivate var withoutRepetition: [String] {
    var seen: Set<String> = []
    return filter { seen.insert(Text.cut($0, "\t")?.0 ?? $0).inserted }
  }
}
