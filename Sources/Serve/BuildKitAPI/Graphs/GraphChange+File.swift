// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors

extension GraphChange {
  /// - Parameter inputs: how many the operation has; greater numbers are those of its own earlier changes.
  init(_ given: LLBFileAction, _ inputs: Int) throws(HullError) {
    func source(_ index: Int64) -> Source {
      if index < 0 { return .nothing }
      let index = Int(clamping: index)
      return index < inputs ? .input(index) : .change(index - inputs)
    }
    guard let action = given.action else { throw HullError(.invalidArgument, "build graph: a change of files is of no known kind") }
    let (what, owner, time) = Self.parts(action)
    self.init(
      what, base: source(given.input), other: source(given.secondaryInput), output: given.output < 0 ? nil : Int(clamping: given.output))
    self.owner = owner.flatMap(Self.text)
    self.time = time < 0 ? nil : time
  }

  private static func parts(_ action: LLBFileAction.OneOf_Action) -> (Action, owner: LLBChownOpt?, time: Int64) {
    switch action {
    case .copy(let copy): (.copy(GraphCopy(copy)), copy.hasOwner ? copy.owner : nil, copy.timestamp)
    case .mkfile(let file):
      (.makeFile(path: file.path, mode: mode(file.mode), bytes: Array(file.data)), file.hasOwner ? file.owner : nil, file.timestamp)
    case .mkdir(let made):
      (.makeDirectory(path: made.path, mode: mode(made.mode), makesParents: made.makeParents), made.hasOwner ? made.owner : nil, made.timestamp)
    case .rm(let gone): (.remove(path: gone.path, allowsMissing: gone.allowNotFound, isPattern: gone.allowWildcard), nil, -1)
    case .symlink(let link): (.link(path: link.newpath, target: link.oldpath), link.hasOwner ? link.owner : nil, link.timestamp)
    }
  }

  private static func mode(_ number: Int32) -> UInt32 { UInt32(truncatingIfNeeded: number) & 0o7777 }

  /// `user[:group]`; `nil`: neither is said.
  private static func text(_ owner: LLBChownOpt) -> String? {
    let (user, group) = (owner.hasUser ? text(owner.user) : nil, owner.hasGroup ? text(owner.group) : nil)
    guard user != nil || group != nil else { return nil }
    return (user ?? "0") + (group.map { ":\($0)" } ?? "")
  }

  private static func text(_ user: LLBUserOpt) -> String? {
    switch user.user {
    case .byName(let named): named.name
    case .byID(let number): String(number)
    case nil: nil
    }
  }
}

extension GraphCopy {
  fileprivate init(_ copy: LLBFileActionCopy) {
    self.init(copy.src, to: copy.dest)
    mode = copy.modeStr.isEmpty ? copy.mode < 0 ? nil : String(copy.mode, radix: 8) : copy.modeStr
    (copiesContents, makesDestination, allowsPatterns) = (copy.dirCopyContents, copy.createDestPath, copy.allowWildcard)
    (allowsNothing, unpacks, includes, excludes) = (copy.allowEmptyWildcard, copy.attemptUnpack, copy.includePatterns, copy.excludePatterns)
  }
}
