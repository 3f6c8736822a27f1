// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Builder
import Dockerfile
import Errors
import GRPCCore
import Threads

/// Files of results, for clients that read definitions of builds from elsewhere.
extension GatewayService {
  /// More is not given at once: what fits into a message.
  private static let largestFile: Int64 = 15 << 20

  func registerFiles<T: ServerTransport>(with router: inout RPCRouter<T>) {
    let name = ServiceName.gateway
    router.unary(name, "ReadFile") { (request: GatewayReadFileRequest, metadata) in
      let tree = try await job(metadata).files(of: request.ref)
      var answer = GatewayReadFileResponse()
      answer.data = .init(try await Blocking.run { try Self.read(request, tree) })
      return answer
    }
    router.unary(name, "StatFile") { (request: GatewayStatFileRequest, metadata) in
      let tree = try await job(metadata).files(of: request.ref)
      var answer = GatewayStatFileResponse()
      answer.stat = try await Blocking.run { try Self.stat(request.path, tree) }
      return answer
    }
    router.unary(name, "ReadDir") { (request: GatewayReadDirRequest, metadata) in
      let tree = try await job(metadata).files(of: request.ref)
      var answer = GatewayReadDirResponse()
      answer.entries = try await Blocking.run { try Self.list(request, tree) }
      return answer
    }
  }

  private static func found(_ path: String, _ tree: any FileTree) throws(HullError) -> (path: String, node: TreeNode) {
    let place = try TreePaths.resolve(TreePaths.clean(path), in: tree)
    guard let node = try tree.node(place) else { throw HullError(.notFound, "\(path): no such file or directory") }
    return (place, node)
  }

  private static func read(_ request: GatewayReadFileRequest, _ tree: any FileTree) throws(HullError) -> [UInt8] {
    let (path, node) = try found(request.filePath, tree)
    guard node.kind == .regular else { throw HullError(.invalidArgument, "\(request.filePath) is not a file") }
    let start = min(max(0, request.range.offset), node.size)
    let end = request.range.length > 0 && request.range.length < node.size - start ? start + request.range.length : node.size
    guard end - start <= largestFile else { throw HullError(.tooLarge, "\(request.filePath) has \(node.size) bytes, more than \(largestFile)") }
    var bytes: [UInt8] = []
    var position: Int64 = 0
    try tree.read(path) { piece in
      let (from, to) = (max(start - position, 0), min(end - position, Int64(piece.count)))
      if from < to { bytes += piece[Int(from)..<Int(to)] }
      position += Int64(piece.count)
    }
    return bytes
  }

  private static func stat(_ path: String, _ tree: any FileTree) throws(HullError) -> SyncStat {
    let (place, node) = try found(path, tree)
    return SyncStat(TreePaths.split(place).name, node)
  }

  private static func list(_ request: GatewayReadDirRequest, _ tree: any FileTree) throws(HullError) -> [SyncStat] {
    let (path, node) = try found(request.dirPath, tree)
    guard node.kind == .directory else { throw HullError(.invalidArgument, "\(request.dirPath) is not a directory") }
    let pattern = request.includePattern.isEmpty ? nil : try IgnorePatterns([request.includePattern])
    var entries: [SyncStat] = []
    for name in try tree.names(in: path) where pattern?.excludes(name) ?? true {
      if let node = try tree.node(TreePaths.join(path, name)) { entries.append(SyncStat(name, node)) }
    }
    return entries
  }
}
