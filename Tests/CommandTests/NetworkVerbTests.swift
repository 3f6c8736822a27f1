// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

extension VerbTests {
  @Suite struct NetworkVerbs {
    private static let networks = #"""
      [{"Name":"net10","Id":"1234567890abcdef1234","Created":"2024-01-02T03:04:05.120Z","Scope":"local","Driver":"macvlan","EnableIPv4":true,
      "EnableIPv6":true,"Internal":false,"Labels":{"b":"2","a":"1"}},
      {"Name":"net9","Id":"abcdef1234567890abcd","Created":"0001-01-01T00:00:00Z","Scope":"global","Driver":"null","EnableIPv6":false,"Labels":null}]
      """#

    @Test func networksAreListedInNaturalOrder() throws {
      let engine = try EngineDouble(["GET /networks": Self.networks])
      let result = engine.run(["network", "ls", "--filter", "driver=bridge"])
      #expect(
        result.output == """
          NETWORK ID     NAME      DRIVER    SCOPE
          abcdef123456   net9      null      global
          1234567890ab   net10     macvlan   local

          """)
      #expect(engine.asked == ["GET /networks?filters=%7B%22driver%22%3A%7B%22bridge%22%3Atrue%7D%7D"])
    }

    @Test func aListedNetworkHasDockersFields() throws {
      let engine = try EngineDouble(["GET /networks": Self.networks])
      #expect(engine.run(["network", "ls", "-q"]).output == "abcdef123456\n1234567890ab\n")
      let format = "{{.Name}} {{.CreatedAt}} {{.IPv4}} {{.IPv6}} {{.Internal}} {{.Labels}} {{.Label \"a\"}}"
      #expect(
        try EngineDouble(["GET /networks": Self.networks]).run(["network", "list", "--no-trunc", "--format", format]).output == """
          net9 0001-01-01 00:00:00 +0000 UTC false false false  \("")
          net10 2024-01-02 03:04:05.12 +0000 UTC true true false a=1,b=2 1

          """)
    }

    @Test func aMissingNetworkIsNoErrorWhenForced() throws {
      let plain = try EngineDouble(["DELETE /networks/a": ""]).run(["network", "rm", "a", "gone"])
      #expect(plain.status == 1)
      #expect(plain.output == "a\n")
      #expect(plain.errors == "Error response from daemon: nothing at DELETE /networks/gone\n")
      let forced = try EngineDouble(["DELETE /networks/a": ""]).run(["network", "rm", "-f", "a", "gone"])
      #expect(forced.status == 0)
      #expect(forced.output == "a\n")
      #expect(forced.errors.isEmpty)
    }

    @Test func aNewNetworksIDIsPrinted() throws {
      let result = try EngineDouble(["POST /networks/create": #"{"Id":"abc","Warning":""}"#]).run(["network", "create", "x"])
      #expect(result == (0, "abc\n", ""))
    }

    @Test func unusedNetworksAreNamedWhenTheyAreGone() throws {
      let engine = try EngineDouble(["POST /networks/prune": #"{"NetworksDeleted":["a","b"]}"#])
      #expect(engine.run(["network", "prune", "-f", "--filter", "until=24h"]).output == "Deleted Networks:\na\nb\n\n")
      #expect(engine.asked == ["POST /networks/prune?filters=%7B%22until%22%3A%7B%2224h%22%3Atrue%7D%7D"])
    }

    @Test func connectionsAreMadeAndUndone() throws {
      let engine = try EngineDouble(["POST /networks/n/disconnect": ""])
      #expect(engine.run(["network", "disconnect", "-f", "n", "c"]) == (0, "", ""))
      #expect(engine.asked == [#"POST /networks/n/disconnect {"Container":"c","Force":true}"#])
    }

    @Test func inspectAsksForDetailsWhenItIsTold() throws {
      let engine = try EngineDouble(["GET /networks/n": #"{"Name":"n","Labels":{}}"#])
      #expect(engine.run(["network", "inspect", "-v", "-f", "{{.Name}}", "n"]).output == "n\n")
      #expect(engine.asked == ["GET /networks/n?verbose=true"])
    }
  }
}
