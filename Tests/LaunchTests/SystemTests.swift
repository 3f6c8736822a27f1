// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Testing

@Suite struct SystemTests {
  @Test func socketsCanHaveLongPaths() throws {
    let box = try Fixture()
    let directory = box.directory + "/" + String(repeating: "d", count: 120)
    try Files.makeDirectories(directory)
    let listener = try UnixSocket.listen(directory + "/s.sock")
    let client = try UnixSocket.connect(directory + "/s.sock")
    let server = OwnedDescriptor(accept(listener.number, nil, nil))
    let file = try Descriptors.memoryFile(name: "x", bytes: Array("content".utf8))
    try UnixSocket.send(client.number, [1, 2], descriptors: [file.number])
    let message = try UnixSocket.receive(server.number, limit: 16)
    #expect(message.bytes == [1, 2] && message.descriptors.count == 1)
    let received = OwnedDescriptor(message.descriptors[0])
    lseek(received.number, 0, SEEK_SET)
    #expect(String(decoding: try Files.readAll(received.number), as: UTF8.self) == "content")
  }

  @Test func extendedAttributesComeBack() throws {
    let box = try Fixture()
    try box.write("file", "")
    let path = box.directory + "/file"
    try ExtendedAttributes.set(path, "trusted.hull", [1, 2, 3])
    #expect(try ExtendedAttributes.names(path) == ["trusted.hull"] && ExtendedAttributes.get(path, "trusted.hull") == [1, 2, 3])
  }

  @Test func errorsSpeakInLowerCase() {
    let error = SystemError(ENOENT, "open /x")
    #expect("\(error)" == "open /x: no such file or directory")
    #expect("\(HullError("start y", error))" == "start y: open /x: no such file or directory")
  }

  @Test func aTerminalPairKnowsItsSize() throws {
    let pair = try Pty.open()
    try Pty.setSize(pair.second, rows: 12, columns: 34)
    let size = try Pty.size(pair.first)
    #expect(size.rows == 12 && size.columns == 34)
    close(pair.first)
    close(pair.second)
  }

  @Test func filesLargerThanTheLimitAreRefused() throws {
    let box = try Fixture()
    try box.write("big", String(repeating: "x", count: 1000))
    #expect(throws: SystemError.self) { _ = try Files.read(box.directory + "/big", limit: 999) }
    #expect(try Files.read(box.directory + "/big", limit: 1000).count == 1000)
  }
}
