// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc

/// Header sums are made right again: otherwise nearly everything would be refused at the first header.
func fuzzTar(_ input: [UInt8]) -> Verdict {
  let bytes = withSums(input)
  let tree = TarSandbox()
  defer { tree.remove() }
  var limits = TarReader.Limits()
  limits.entries = 2000
  var verdict = Verdict.accepted
  do throws(HullError) {
    var options = ExtractOptions()
    options.whiteouts = bytes.count % 2 == 0
    options.limits = limits
    let extractor = try TarExtractor(root: tree.root, disk: DiskGuard(tree.root, place: "the sandbox"), options: options)
    _ = try extractor.extract(TarReader(BufferedChunks(PrefixedSource(bytes), size: 700), limits: limits))
  } catch {
    verdict = error.message.isEmpty ? .failed("an error without a message") : .refused
  }
  return tree.isUntouched ? verdict : .failed("something changed beside the directory")
}

private func withSums(_ input: [UInt8]) -> [UInt8] {
  var bytes = input
  var block = 0
  while block + 512 <= bytes.count {
    if bytes[(block + 257)..<(block + 262)].elementsEqual(Array("ustar".utf8)) {
      for index in 148..<156 { bytes[block + index] = 0x20 }
      let sum = bytes[block..<(block + 512)].reduce(0) { $0 + Int($1) }
      let digits = Array(String(sum, radix: 8).utf8)
      for (index, byte) in (Array(repeating: 0x30, count: max(0, 6 - digits.count)) + digits).prefix(6).enumerated() {
        bytes[block + 148 + index] = byte
      }
      bytes[block + 154] = 0
    }
    block += 512
  }
  return bytes
}

/// A directory to unpack into, with something beside it that must not change.
private struct TarSandbox {
  private let path: String
  let root: Int32

  init() {
    path = "/dev/shm/hull-fuzz-\(getpid())"
    mkdir(path, 0o700)
    mkdir(path + "/root", 0o755)
    let file = creat(path + "/beside", 0o600)
    close(file)
    root = open(path + "/root", O_RDONLY | O_DIRECTORY)
  }

  var isUntouched: Bool {
    var status = stat()
    guard lstat(path + "/beside", &status) == 0, status.st_size == 0, status.st_nlink == 1, status.st_mode == S_IFREG | 0o600 else { return false }
    let outer = open(path, O_RDONLY | O_DIRECTORY)
    defer { close(outer) }
    return DirectoryListing.names(outer)?.count == 2
  }

  func remove() {
    close(root)
    let parent = open("/dev/shm", O_RDONLY | O_DIRECTORY)
    defer { close(parent) }
    try? TreeRemoval.remove(Array(path.utf8.dropFirst("/dev/shm/".utf8.count)), in: parent)
  }
}
