// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Testing

@testable import Engine

@Suite struct BindTests {
  @Test func aBindHasSourceTargetAndMode() throws {
    let bind = try Binds.parse("/srv/data:/data:ro,rslave")
    #expect(bind.kind == .bind)
    #expect(bind.source == "/srv/data")
    #expect(bind.destination == "/data")
    #expect(!bind.writable)
    #expect(bind.propagation == "rslave")
    #expect(bind.createSource)
  }

  @Test func pathsAreCleaned() throws {
    let bind = try Binds.parse("/srv//x/../data/:/a/./b/")
    #expect(bind.source == "/srv/data")
    #expect(bind.destination == "/a/b")
    #expect(bind.propagation == "rprivate")
  }

  @Test func aPathAloneIsAnAnonymousVolume() throws {
    let volume = try Binds.parse("/data")
    #expect(volume.kind == .volume)
    #expect(volume.name.isEmpty)
    #expect(volume.destination == "/data")
  }

  @Test(arguments: [
    (":/data", "invalid volume specification: ':/data'"),
    ("/a:/b:ro:x", "invalid volume specification: '/a:/b:ro:x'"),
    ("/a:rw", "invalid volume specification: '/a:rw'"),
    ("/a:/b:exec", "invalid mode: exec"),
    ("/a:/b:ro,rw", "invalid mode: ro,rw"),
    (
      "/a:/",
      "invalid volume specification: '/a:/': invalid mount config for type \"bind\": invalid specification: destination can't be '/'"
    ),
    ("/a:b", "invalid volume specification: '/a:b': invalid mount config for type \"bind\": invalid mount path: 'b' mount path must be absolute"),
  ])
  func whatIsWrongIsSaidInDockersWords(text: String, message: String) {
    let error = #expect(throws: HullError.self) { try Binds.parse(text) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == message)
  }

  @Test func aMountOfAMissingSourceIsRefused() {
    var mount = Mount()
    mount.type = "bind"
    mount.source = "/no/such/place"
    mount.target = "/data"
    let error = #expect(throws: HullError.self) { try Binds.parse(mount) }
    #expect(error?.message == "invalid mount config for type \"bind\": bind source path does not exist: /no/such/place")
  }

  @Test func optionsOfAnotherTypeAreRefused() {
    var mount = Mount()
    mount.type = "tmpfs"
    mount.target = "/data"
    mount.bindOptions = BindOptions()
    let error = #expect(throws: HullError.self) { try Binds.parse(mount) }
    #expect(error?.message == "invalid mount config for type \"tmpfs\": field BindOptions must not be specified")
  }

  @Test func aTmpfsMountCarriesItsOptions() throws {
    var mount = Mount()
    mount.type = "tmpfs"
    mount.target = "/cache"
    mount.readOnly = true
    mount.tmpfsOptions = TmpfsOptions()
    mount.tmpfsOptions?.sizeBytes = 1 << 20
    mount.tmpfsOptions?.mode = 0o1777
    #expect(try Binds.parse(mount).options == "ro,mode=1777,size=1048576")
  }

  @Test func tmpfsOptionsReplaceWhatTheyContradict() throws {
    #expect(try TmpfsMounts.merged("exec,size=1m,size=2m") == ["nosuid", "nodev", "rprivate", "exec", "size=2m"])
    #expect(throws: HullError.self) { try TmpfsMounts.merged("context=x") }
  }

  @Test func pathsAreCleanedAsGoDoesIt() {
    #expect(CleanPath.clean("") == ".")
    #expect(CleanPath.clean("/../a") == "/a")
    #expect(CleanPath.clean("a/../../b") == "../b")
    #expect(CleanPath.base("/a/b/") == "b")
    #expect(CleanPath.contains("/a", "/a/b"))
    #expect(!CleanPath.contains("/a", "/ab"))
  }
}
