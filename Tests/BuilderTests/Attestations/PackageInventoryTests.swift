// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import Testing

@testable import Builder

@Suite struct PackageInventoryTests {
  private func tree(_ files: [String: String]) throws -> TreePack {
    let writer = TreePackWriter(directory: "/var/tmp")
    for (path, text) in files {
      writer.begin(path, TreeNode(kind: .regular, mode: 0o644))
      try Array(text.utf8).withUnsafeBytes { bytes in try writer.write(bytes) }
      try writer.end()
    }
    return try writer.finish()
  }

  private func packages(_ files: [String: String]) throws -> [PackageRecord] {
    try PackageInventory(tree: try tree(files), directory: "/var/tmp").packages()
  }

  @Test func debiansPackagesAreListedAndRemovedOnesAreNot() throws {
    let status = """
      Package: bash
      Status: install ok installed
      Maintainer: Matthias Klose <doko@debian.org>
      Architecture: amd64
      Version: 5.2.15-2+b7
      Description: a shell
       Package: no field

      Package: gone
      Status: deinstall ok config-files
      Architecture: amd64
      Version: 1

      Package: libc6
      Status: install ok installed
      Architecture: amd64
      Source: glibc (2.36-9)
      Version: 2.36-9
      """
    let found = try packages(["var/lib/dpkg/status": status, "etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n"])
    #expect(found.map(\.name) == ["bash", "libc6"])
    #expect(found[0].url.description == "pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64&distro=debian-12")
    #expect(found[0].supplier == "Matthias Klose <doko@debian.org>")
    #expect(found[1].url.qualifiers["upstream"] == "glibc")
  }

  @Test func aFileForEachPackageIsReadToo() throws {
    let found = try packages([
      "var/lib/dpkg/status.d/base": "Package: base-files\nVersion: 12\nArchitecture: all\n", "var/lib/dpkg/status.d/base.md5sums": "x",
    ])
    #expect(found.map(\.name) == ["base-files"])
  }

  @Test func alpinesPackagesAreListed() throws {
    let text = "C:Q1\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\n\nP:busybox\nV:1.36.1-r28\nA:x86_64\nL:GPL-2.0-only\nF:bin\nR:busybox\n"
    let found = try packages(["lib/apk/db/installed": text, "etc/os-release": "ID=alpine\nVERSION_ID=3.20.1\n"])
    #expect(found.map(\.name) == ["busybox", "musl"])
    #expect(found[1].url.description == "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.1")
    #expect(found[0].license == "GPL-2.0-only")
  }

  @Test func pythonsPackagesAreFoundWhereverTheyAre() throws {
    let found = try packages([
      "usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\nLicense: MIT\n\nName: no\n",
      "opt/venv/lib/python3.11/site-packages/Flask_Login.egg-info/PKG-INFO": "Name: Flask_Login\nVersion: 0.6\n",
      "proc/x.dist-info/METADATA": "Name: p\nVersion: 1\n",
    ])
    #expect(found.map(\.url.description) == ["pkg:pypi/flask-login@0.6", "pkg:pypi/six@1.16.0"])
  }

  @Test func anRpmHeaderIsRead() throws {
    var data: [UInt8] = []
    var index: [UInt8] = []
    func big(_ number: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(number).bigEndian, Array.init) }
    for (tag, text) in [(1000, "bash"), (1001, "5.2"), (1002, "3.fc40"), (1014, "GPLv3+"), (1022, "x86_64")] {
      index += big(tag) + big(6) + big(data.count) + big(1)
      data += Array(text.utf8) + [0]
    }
    let header = try #require(RpmHeader(big(5) + big(data.count) + index + data))
    var fedora = Distribution()
    (fedora.id, fedora.version) = ("fedora", "40")
    let package = try #require(header.package(fedora))
    #expect(package.url.description == "pkg:rpm/fedora/bash@5.2-3.fc40?arch=x86_64&distro=fedora-40" && package.license == "GPLv3+")
    #expect(RpmHeader([1, 2, 3]) == nil && RpmHeader(big(1 << 20) + big(0)) == nil)
  }

  @Test func aListIsASPDXDocument() throws {
    let package = PackageRecord(
      name: "a", version: "1", license: "MIT OR Apache-2.0", url: PackageURL(type: "deb", namespace: "debian", name: "a", version: "1"))
    var free = package
    (free.name, free.license) = ("b", "see the file, please")
    let document = PackageDocument([package, free], name: "app", identity: "0", created: 1_500_000_000)
    #expect(document.creationInfo.created == "1970-01-01T00:00:01Z")
    #expect(document.packages.map(\.licenseDeclared) == ["NOASSERTION", "MIT OR Apache-2.0", "NOASSERTION"])
    #expect(Set(document.packages.map(\.SPDXID)).count == 3)
    #expect(document.relationships.map(\.relationshipType) == ["DESCRIBES", "CONTAINS", "CONTAINS"])
  }

  @Test(arguments: [
    ("busybox", "pkg:docker/busybox@latest"), ("localhost:5000/a/b:1", "pkg:docker/localhost:5000/a/b@1"),
    ("ghcr.io/foo/bar:v2", "pkg:docker/ghcr.io/foo/bar@v2"),
  ]) func anImagesNameIsAPackageURL(_ name: String, _ url: String) throws {
    #expect(PackageURL(try Reference(name), platform: nil).description == url)
  }
}
