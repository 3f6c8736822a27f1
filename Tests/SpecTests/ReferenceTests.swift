// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Testing

@Suite struct ReferenceTests {
  @Test(
    arguments: [
      ("busybox", "docker.io/library/busybox", "busybox", nil, nil),
      ("busybox:1.36", "docker.io/library/busybox", "busybox", "1.36", nil),
      ("user/app", "docker.io/user/app", "user/app", nil, nil),
      ("docker.io/busybox", "docker.io/library/busybox", "busybox", nil, nil),
      ("index.docker.io/library/busybox", "docker.io/library/busybox", "busybox", nil, nil),
      ("localhost/a", "localhost/a", "localhost/a", nil, nil),
      ("localhost:5000/a:b", "localhost:5000/a", "localhost:5000/a", "b", nil),
      ("[::1]:5000/a", "[::1]:5000/a", "[::1]:5000/a", nil, nil),
      ("reg.example.com/a/b/c:x", "reg.example.com/a/b/c", "reg.example.com/a/b/c", "x", nil),
      ("UPPER.example/a", "UPPER.example/a", "UPPER.example/a", nil, nil),
      ("user/a__b.c-d--e/f_g", "docker.io/user/a__b.c-d--e/f_g", "user/a__b.c-d--e/f_g", nil, nil),
      ("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b", nil, nil),
      ("localhost:5000", "docker.io/library/localhost", "localhost", "5000", nil),
    ] as [(String, String, String, String?, String?)])
  func namesAreNormalised(text: String, name: String, familiar: String, tag: String?, digest: String?) throws {
    let reference = try Reference(text)
    #expect(reference.name == name && reference.familiarName == familiar && reference.tag == tag && reference.digest?.description == digest)
    #expect(try Reference(reference.description) == reference)
  }

  @Test(arguments: ["docker.io/reg.io/x", "docker.io/localhost/x", "docker.io/library/\(String(repeating: "a", count: 64))"])
  func aFamiliarNameAlwaysMeansTheSame(text: String) throws {
    let reference = try Reference(text)
    #expect(try Reference(reference.familiar) == reference)
  }

  @Test func tagAndDigestGoTogether() throws {
    let digest = "sha256:" + String(repeating: "ab", count: 32)
    let reference = try Reference("a:1@\(digest)")
    #expect(reference.tag == "1" && reference.digest?.description == digest && reference.familiar == "a:1@\(digest)")
    #expect(reference.withDefaultTag == reference)
    #expect(try Reference("a").withDefaultTag.familiar == "a:latest")
    #expect(try Reference("a").with(tag: "x").description == "docker.io/library/a:x")
  }

  @Test(arguments: [
    ("", "invalid reference format"), (":", "invalid reference format"), ("a:", "invalid reference format"), ("a b", "invalid reference format"),
    ("a//b", "invalid reference format"), ("a/", "invalid reference format"), ("/a", "invalid reference format"), ("-a", "invalid reference format"),
    ("a-", "invalid reference format"), ("a..b", "invalid reference format"), ("a___b", "invalid reference format"),
    ("a@b", "invalid reference format"),
    ("a@sha256:abc", "invalid reference format"), ("a:\u{0}", "invalid reference format"), ("é", "invalid reference format"),
    ("http://a/b", "invalid reference format"), ("[::1", "invalid reference format"), ("a:-x", "invalid reference format"),
    ("Busybox", "invalid reference format: repository name (library/Busybox) must be lowercase"),
    ("reg.io/Foo", "invalid reference format: repository name (Foo) must be lowercase"),
    ("a@md5:00112233445566778899aabbccddeeff", "unsupported digest algorithm"),
    ("a@sha256:00112233445566778899aabbccddeeff", "invalid checksum digest length"),
  ])
  func whatIsNoReferenceIsRefusedInDockersWords(text: String, message: String) {
    do {
      let reference = try Reference(text)
      Issue.record("\(text) was read as \(reference)")
    } catch {
      #expect(error.message == message && error.code == .invalidArgument)
    }
  }

  @Test func lengthsAreBounded() {
    let hex = String(repeating: "a", count: 64)
    #expect(throws: HullError.self) { try Reference(hex) }
    #expect((try? Reference(String(repeating: "a", count: 240))) != nil)
    #expect(throws: HullError.self) { try Reference(String(repeating: "a", count: 256)) }
    #expect((try? Reference("a:" + String(repeating: "t", count: 128))) != nil)
    #expect(throws: HullError.self) { try Reference("a:" + String(repeating: "t", count: 129)) }
  }
}
