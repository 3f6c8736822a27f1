// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials

/// Changes of files in the shape of BuildKit's `pb.FileOp`.
struct GraphFile: Encodable, Sendable {
  struct Name: Encodable, Sendable {
    var name: String
    var input: Int
  }
  struct UserName: Encodable, Sendable {
    var byName: Name?
    var byId: UInt32?
  }
  struct User: Encodable, Sendable { var user: UserName }
  struct Owner: Encodable, Sendable {
    var user: User
    var group: User
  }
  struct Copy: Encodable, Sendable {
    var src: String
    var dest: String
    var owner: Owner?
    var mode = -1
    var modeStr: String?
    var followSymlink: Bool?
    let dirCopyContents = true
    var attemptUnpackDockerCompatibility: Bool?
    let createDestPath = true
    let allowWildcard = true
    let allowEmptyWildcard = true
    let timestamp = -1
    var exclude_patterns: [String]?

    enum CodingKeys: String, CodingKey {
      case src, dest, owner, mode, modeStr, followSymlink, dirCopyContents, attemptUnpackDockerCompatibility, createDestPath, allowWildcard
      case allowEmptyWildcard, timestamp
      case exclude_patterns
    }
  }
  struct MakeFile: Encodable, Sendable {
    var path: String
    let mode = 0o644
    var data: Data
    var owner: Owner?
    let timestamp = -1

    enum CodingKeys: String, CodingKey { case path, mode, data, owner, timestamp }
  }
  struct MakeDirectory: Encodable, Sendable {
    var path: String
    var mode: UInt32
    var makeParents: Bool
    var owner: Owner?
    let timestamp = -1

    enum CodingKeys: String, CodingKey { case path, mode, makeParents, owner, timestamp }
  }
  struct Remove: Encodable, Sendable {
    var path: String
    var allowNotFound: Bool?
    var allowWildcard: Bool?
  }
  struct Link: Encodable, Sendable {
    var oldpath: String
    var newpath: String
    var owner: Owner?
    let timestamp = -1

    enum CodingKeys: String, CodingKey { case oldpath, newpath, owner, timestamp }
  }
  struct Kind: Encodable, Sendable {
    var copy: Copy?
    var mkfile: MakeFile?
    var mkdir: MakeDirectory?
    var rm: Remove?
    var symlink: Link?
  }
  struct Action: Encodable, Sendable {
    var input: Int
    var secondaryInput = -1
    var output = -1
    var kind: Kind

    enum CodingKeys: String, CodingKey {
      case input, secondaryInput, output
      case kind = "Action"
    }
  }

  private(set) var actions: [Action] = []

  enum CodingKeys: String, CodingKey { case actions }

  init(_ directory: DirectoryStep, _ slots: GraphSlots) {
    let owner = Self.owner(directory.owner, slots)
    add(Kind(mkdir: MakeDirectory(path: directory.path, mode: directory.mode, makeParents: directory.makesParents, owner: owner)), from: nil, slots)
    actions[actions.count - 1].output = 0
  }

  init(_ removal: RemoveStep, _ slots: GraphSlots) {
    let remove = Remove(
      path: "/" + removal.path, allowNotFound: removal.allowsMissing ? true : nil, allowWildcard: removal.isPattern ? true : nil)
    add(Kind(rm: remove), from: nil, slots)
    actions[actions.count - 1].output = 0
  }

  init(_ link: LinkStep, _ slots: GraphSlots) {
    add(Kind(symlink: Link(oldpath: link.target, newpath: "/" + link.path, owner: Self.owner(link.owner, slots))), from: nil, slots)
    actions[actions.count - 1].output = 0
  }

  init(_ copy: CopyStep, _ slots: GraphSlots) {
    let target = copy.intoDirectory && !copy.destination.hasSuffix("/") ? copy.destination + "/" : copy.destination
    for source in copy.sources {
      switch source {
      case .files(let input, let patterns):
        for pattern in patterns { add(Kind(copy: Self.copy(copy, pattern, target, slots)), from: input, slots) }
      case .inline(let name, let bytes):
        let path = copy.intoDirectory ? target + name : target
        add(Kind(mkfile: MakeFile(path: path, data: Data(bytes), owner: Self.owner(copy.owner, slots))), from: nil, slots)
      case .download(let input, let name): add(Kind(copy: Self.copy(copy, name, target, slots)), from: input, slots)
      case .repository(let input): add(Kind(copy: Self.copy(copy, "/", target, slots)), from: input, slots)
      }
    }
    if !actions.isEmpty { actions[actions.count - 1].output = 0 }
  }

  private static func copy(_ step: CopyStep, _ source: String, _ target: String, _ slots: GraphSlots) -> Copy {
    var copy = Copy(src: source.hasPrefix("/") ? source : "/" + source, dest: target, owner: owner(step.owner, slots))
    copy.modeStr = step.mode
    copy.followSymlink = step.verb == "ADD" ? nil : true
    copy.attemptUnpackDockerCompatibility = step.unpacks ? true : nil
    copy.exclude_patterns = step.excludes.isEmpty ? nil : step.excludes
    return copy
  }

  private mutating func add(_ kind: Kind, from input: Int?, _ slots: GraphSlots) {
    // Each action goes on from what the one before has made.
    let base = actions.isEmpty ? slots.place(0) : slots.steps.count + actions.count - 1
    actions.append(Action(input: base, secondaryInput: input.map(slots.place) ?? -1, kind: kind))
  }

  private static func owner(_ text: String?, _ slots: GraphSlots) -> Owner? {
    guard let text, !text.isEmpty else { return nil }
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    func user(_ name: String) -> User {
      User(user: UInt32(name).map { UserName(byId: $0) } ?? UserName(byName: Name(name: name, input: slots.place(0))))
    }
    return Owner(user: user(parts[0]), group: user(parts.count > 1 ? parts[1] : parts[0]))
  }
}
