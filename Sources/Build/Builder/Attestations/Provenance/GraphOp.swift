// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// One step in the shape of BuildKit's `pb.Op`, as its JSON has it.
struct GraphOp: Encodable, Sendable {
  struct Kind: Encodable, Sendable {
    var exec: GraphExec?
    var source: GraphSource?
    var file: GraphFile?
    var merge: GraphMerge?
    var diff: GraphDifference?
  }
  struct Platform: Encodable, Sendable {
    var Architecture: String
    var OS: String
    var Variant: String?
  }

  var kind = Kind()
  var platform: Platform?

  enum CodingKeys: String, CodingKey {
    case kind = "Op"
    case platform
  }

  /// Says nothing.
  init() {}

  /// - Parameter inputs: numbers of the steps that it stands on; `nil`: nothing.
  init(_ step: Step, inputs: [Int?], images: [ImageSource], request: BuildRequest) {
    let slots = GraphSlots(inputs)
    switch step.operation {
    case .scratch: break
    case .image(let id):
      kind.source = GraphSource(image: id, images)
      platform = images.first { $0.id == id }.map {
        Platform(Architecture: $0.platform.architecture, OS: $0.platform.os, Variant: $0.platform.variant)
      }
    case .context(let name, let selection): kind.source = GraphSource(context: name, selection)
    case .download(let file): kind.source = GraphSource(file)
    case .repository(let repository): kind.source = GraphSource(repository)
    case .directory(let directory): kind.file = GraphFile(directory, slots)
    case .copy(let copy): kind.file = GraphFile(copy, slots)
    case .run(let run): kind.exec = GraphExec(run, slots, request)
    case .remove(let removal): kind.file = GraphFile(removal, slots)
    case .link(let link): kind.file = GraphFile(link, slots)
    case .merge: kind.merge = GraphMerge(inputs: inputs.indices.map { GraphMerge.Input(input: slots.place($0)) })
    case .difference:
      kind.diff = GraphDifference(lower: GraphMerge.Input(input: slots.place(0)), upper: GraphMerge.Input(input: slots.place(1)))
    // In BuildKit's graphs an output is no operation, and what another build has made is that build's.
    case .output, .made: break
    }
  }

  func inputs(of numbers: [Int?]) -> [String] { GraphSlots(numbers).steps.map { "step\($0):0" } }
}

/// Where an operation has its inputs: each step once.
struct GraphSlots: Sendable {
  private let numbers: [Int?]
  let steps: [Int]

  init(_ numbers: [Int?]) {
    self.numbers = numbers
    var seen: Set<Int> = []
    steps = numbers.compactMap { $0 }.filter { seen.insert($0).inserted }
  }

  /// The place of a step's input; -1: there is nothing.
  func place(_ input: Int) -> Int { numbers[input].flatMap { steps.firstIndex(of: $0) } ?? -1 }
}

struct GraphMerge: Encodable, Sendable {
  struct Input: Encodable, Sendable { var input: Int }
  var inputs: [Input]
}

struct GraphDifference: Encodable, Sendable {
  var lower: GraphMerge.Input
  var upper: GraphMerge.Input
}

struct GraphSource: Encodable, Sendable {
  var identifier: String
  var attrs: [String: String]?
}

extension GraphSource {
  init(image id: Digest, _ images: [ImageSource]) {
    guard let image = images.first(where: { $0.id == id }), let reference = try? Reference(image.name).withDefaultTag else {
      self.init(identifier: "docker-image://\(id)")
      return
    }
    let digest = reference.digest == nil ? "@\(image.target)" : ""
    self.init(identifier: "\(image.isLocal ? "oci-layout" : "docker-image")://\(reference)\(digest)")
  }

  init(_ file: DownloadStep) {
    var attrs = Dictionary(uniqueKeysWithValues: file.headers.map { ("http.header.\($0.key)", $0.value) })
    attrs["http.checksum"] = file.checksum?.description
    attrs["http.authheadersecret"] = file.secret
    self.init(identifier: Redaction.url(file.url), attrs: attrs.isEmpty ? nil : attrs)
  }

  init(_ repository: RepositoryStep) {
    guard let address = try? GitAddress(repository.url, isGit: repository.isGit) else {
      self.init(identifier: Redaction.url(repository.url))
      return
    }
    var attrs = ["git.fullurl": Redaction.url(address.url)]
    if repository.keepsGitDirectory { attrs["git.keepgitdir"] = "true" }
    if let checksum = repository.checksum { attrs["git.checksum"] = checksum }
    if !address.hasSubmodules { attrs["git.skipsubmodules"] = "true" }
    self.init(identifier: "git://" + Redaction.url(address.fragmentForm(withDirectory: true)), attrs: attrs)
  }

  init(context name: String, _ selection: ContextSelection) {
    var attrs = ["local.sharedkeyhint": name]
    func list(_ values: [String]) -> String { "[\(values.map { "\"\($0)\"" }.joined(separator: ","))]" }
    if !selection.includes.isEmpty { attrs["local.includepattern"] = list(selection.includes) }
    if !selection.excludes.isEmpty { attrs["local.excludepatterns"] = list(selection.excludes) }
    if !selection.followed.isEmpty { attrs["local.followpaths"] = list(selection.followed) }
    self.init(identifier: "local://\(name)", attrs: attrs)
  }
}
