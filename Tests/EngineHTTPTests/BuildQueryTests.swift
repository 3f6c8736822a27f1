// SPDX-License-Identifier: Apache-2.0
import Builder
import Errors
import Testing

@testable import EngineHTTP

@Suite struct BuildQueryTests {
  private func parse(_ text: String) throws -> BuildQuery { try BuildQuery(Query(parsing: text), id: "id") }

  @Test func anEmptyQueryHasDockersDefaults() throws {
    let query = try parse("")
    #expect(query.request.dockerfile == "Dockerfile" && query.request.id == "id" && query.removesContainers && !query.isQuiet)
    #expect(query.request.tags.isEmpty && query.request.remoteContext == nil && query.request.target == nil)
  }

  @Test func parametersAreRead() throws {
    let query = try parse(
      "dockerfile=a/D&t=x&t=y:1&t=x&remote=r&q=1&nocache=1&pull=true&rm=0&target=s&squash=1&networkmode=none&extrahosts=h:1&buildid=me&platform=linux/arm64"
        + "&memory=1&memswap=-1&cpushares=2&cpuperiod=3&cpuquota=4&cpusetcpus=0&cpusetmems=1&cgroupparent=/p&shmsize=5&cachefrom=[%22a%22]")
    let request = query.request
    #expect(request.tags.map(\.familiar) == ["x:latest", "y:1"])
    #expect(request.id == "me" && request.dockerfile == "a/D" && request.remoteContext == "r" && request.target == "s")
    #expect(query.isQuiet && request.noCache && request.pull && !query.removesContainers && request.squash)
    #expect(request.network == "none" && request.extraHosts == ["h:1"] && request.platforms.map(\.description) == ["linux/arm64"])
    #expect(request.limits.memory == 1 && request.limits.memorySwap == -1 && request.limits.cpuShares == 2 && request.limits.shmSize == 5)
    #expect(request.limits.cgroupParent == "/p" && request.cacheFrom.first?.attributes["ref"] == "a")
  }

  @Test func argumentsMayHaveNoValue() throws {
    #expect(try parse("buildargs={%22a%22:%22b%22,%22c%22:null}").request.arguments == ["a": "b"])
  }

  @Test func limitsOfProcessesAreRead() throws {
    let limits = try parse("ulimits=[{%22Name%22:%22nofile%22,%22Soft%22:1,%22Hard%22:2}]").request.limits.ulimits
    #expect(limits == [BuildLimits.Ulimit(name: "nofile", soft: 1, hard: 2)])
  }

  @Test func outputsSayHowLayersAreStored() throws {
    let query = try parse(
      "outputs=[{%22Type%22:%22moby%22,%22Attrs%22:{%22type%22:%22image%22,%22compression%22:%22zstd%22,%22force-compression%22:%22true%22}}]")
    guard case .image(let image)? = query.request.outputs.first else {
      Issue.record("no image comes out")
      return
    }
    #expect(image.compression == .zstd && image.forceCompression && !image.push)
  }

  @Test(arguments: [
    "t=UPPER", "t=a@sha256:x", "platform=foobar", "platform=windows/amd64", "buildargs={", "labels=[]", "cachefrom={}", "ulimits=7", "version=3",
    "isolation=process",
    "securityopt=x", "shmsize=-1", "shmsize=x", "outputs=[{%22Type%22:%22tar%22}]",
  ])
  func whatMakesNoSenseIsRefused(_ text: String) {
    do {
      _ = try parse(text)
      Issue.record("\(text) was taken")
    } catch let error as HullError {
      #expect(error.code == .invalidArgument)
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func credentialsAreFoundUnderAllNamesOfARegistry() {
    // {"https://index.docker.io/v1/":{"username":"a","password":"b"},"r.example:5000":{"auth":"dTpw"},"t.example":{"identitytoken":"tok"}}
    let header =
      "eyJodHRwczovL2luZGV4LmRvY2tlci5pby92MS8iOnsidXNlcm5hbWUiOiJhIiwicGFzc3dvcmQiOiJiIn0sInIuZXhhbXBsZTo1MDAwIjp7ImF1dGgiOiJkVHB3In0sInQuZXhhbXBsZSI6"
      + "eyJpZGVudGl0eXRva2VuIjoidG9rIn19"
    let credentials = BuildCredentials(header: header)
    #expect(credentials["docker.io"] == RegistryLogin(user: "a", secret: "b"))
    #expect(credentials["registry-1.docker.io"] == RegistryLogin(user: "a", secret: "b"))
    #expect(credentials["r.example:5000"] == RegistryLogin(user: "u", secret: "p"))
    #expect(credentials["t.example"] == RegistryLogin(user: "", secret: "tok"))
    #expect(credentials["other"] == nil && BuildCredentials(header: "%%%")["docker.io"] == nil)
  }
}
