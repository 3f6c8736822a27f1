// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

@Suite struct ListingTests {
  static let listing = Listing(
    type: "*T", headings: ["ID": "CONTAINER ID", "Name": "NAMES", "Size": "SIZE"], table: "{{.ID}}\\t{{.Name}}\\t{{.Size}}")
  static let rows = [
    Listing.Row(fields: ["ID": "abc", "Name": "a name that is rather long", "Size": "1B"], labels: ["com.x.my-key": "v"]),
    Listing.Row(fields: ["ID": "def", "Name": "<b>", "Size": "22B"]),
  ]

  @Test func theDefaultTableIsDockers() throws {
    #expect(
      try Self.listing.text(Self.rows, format: "") == """
        CONTAINER ID   NAMES                        SIZE
        abc            a name that is rather long   1B
        def            <b>                          22B

        """)
  }

  @Test func narrowColumnsAreTenWide() throws {
    #expect(try Self.listing.text([Self.rows[1]], format: "table {{.Size}}\\t{{.Name}}") == "SIZE      NAMES\n22B       <b>\n")
  }

  @Test func aTableShrinksToTheTerminalButNotItsIDs() throws {
    let text = try Self.listing.text(Self.rows, format: "", fitting: 40)
    #expect(text.split(separator: "\n").allSatisfy { Text.width($0) <= 40 })
    #expect(text.contains("CONTAINER ID   "))
    #expect(text.contains("a name that is ra…"))
    #expect(text.contains("22B"))
  }

  @Test func aTableThatCannotFitStillShowsEveryColumn() throws {
    let text = try Self.listing.text(Self.rows, format: "", fitting: 5)
    #expect(text.contains("CONTAINER ID"))
    #expect(text.contains("SIZE"))
    #expect(text.contains("a name …"))
  }

  @Test func jsonRowsAreSortedAndEscapedAsGoDoes() throws {
    #expect(try Self.listing.text([Self.rows[1]], format: "json") == "{\"ID\":\"def\",\"Name\":\"\\u003cb\\u003e\",\"Size\":\"22B\"}\n")
    #expect(try Self.listing.text([Self.rows[1]], format: "{{json .Name}}") == "\"<b>\"\n")
  }

  @Test func headingsAreNotTouchedByFunctions() throws {
    #expect(
      try Self.listing.text([Self.rows[1]], format: "table {{upper .ID}}\\t{{truncate .Name 2}}") == "CONTAINER ID   NAMES\nDEF            <b\n")
  }

  @Test func labelsHaveAMethodAndAHeading() throws {
    #expect(
      try Self.listing.text(Self.rows, format: "table {{.ID}}\\t{{.Label \"com.x.my-key\"}}")
        == "CONTAINER ID   my key\nabc            v\ndef            \n")
  }

  @Test func aWrongFieldIsAnErrorEvenWithoutRows() {
    let message = "failed to execute template: template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo in type *T"
    let error = #expect(throws: ExitStatus.self) { try Self.listing.text([], format: "{{.Foo}}") }
    #expect(error?.message == message)
  }

  @Test func widthsCountCellsNotBytes() {
    #expect(Text.width("日本é") == 5)
    #expect(Text.ellipsis("日本語テキスト", 6) == "日本…")
    #expect(Text.ellipsis("abcdef", 4) == "abc…")
    #expect(Text.ellipsis("abc", 3) == "abc")
  }

  @Test func filtersAreGroupedByName() {
    #expect(Filters.json(["label=a", "label=b=c", "STATUS = x"]).encoded() == #"{"label":{"a":true,"b=c":true},"status":{"x":true}}"#)
  }

  @Test func portsAreGroupedAsDockerShowsThem() {
    let ports: [JSON] = [
      ["PrivatePort": 80, "Type": "tcp"], ["PrivatePort": 81, "Type": "tcp"],
      ["IP": "0.0.0.0", "PrivatePort": 90, "PublicPort": 8090, "Type": "tcp"],
      ["IP": "::", "PrivatePort": 53, "PublicPort": 53, "Type": "udp"], ["PrivatePort": 100, "Type": "tcp"],
    ]
    #expect(PortDisplay.text(ports) == "80-81/tcp, [::]:53->53/udp, 100/tcp, 0.0.0.0:8090->90/tcp")
  }
}
