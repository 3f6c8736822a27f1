// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Testing

@Suite struct ExpanderTests {
  private static let values = [
    "PWD": "/home", "SHELL": "bash", "NULL": "", "KOREAN": "한국어", "FOO": "xxyy", "URL": "http://a.b/c", "PATHS": "/a/foo/b/c.txt", "STARS": "a***yy*",
    "LINES": "a\nb\nc", "SPACED": " p  q ", "DOTS": "1.22.3",
  ]

  private func expander(_ escape: Character = "\\") -> WordExpander { WordExpander(escape: escape) { ExpanderTests.values[$0] } }

  @Test(arguments: [
    ("hello", "hello"), ("he'll'o", "hello"), ("he\\'llo", "he'llo"), ("abc\\tdef", "abctdef"), ("\"abc\\tdef\"", "abc\\tdef"),
    ("'abc\\tdef'", "abc\\tdef"), ("hello\\", "hello"),
    ("hello\\\\", "hello\\"), ("\"hel'lo\"", "hel'lo"), ("'hello\\'", "hello\\"), ("\"''\"", "''"), ("안'녕'하세요", "안녕하세요"),
    ("'\"hello\"'", "\"hello\""),
  ])
  func quotesAndEscapesAreTakenOff(word: String, expected: String) throws { #expect(try expander().expand(word) == expected) }

  @Test(arguments: [
    ("$.", "$."), ("he$1x", "hex"), ("he$PWD", "he/home"), ("he$pwd.", "he."), ("he\\$PWD", "he$PWD"), ("he\\\\$PWD", "he\\/home"),
    ("\"he\\$PWD\"", "he$PWD"), ("'$PWD'", "$PWD"),
    ("\"'$PWD'\"", "'/home'"), ("\\${}", "${}"), ("he${hi}xx", "hexx"), ("he${PWD}", "he/home"), ("$KOREAN", "한국어"), ("$@@@", "@@"),
    ("$001aaa", "aaa"), ("${*}a", "a"), ("$$", ""),
    ("${aaa}}", "}"), ("a$", "a$"), ("$PWD$PWD", "/home/home"),
  ])
  func variablesArePutIn(word: String, expected: String) throws { #expect(try expander().expand(word) == expected) }

  @Test(arguments: [
    ("${X:-0}", "0"), ("${X-0}", "0"), ("${NULL:-0}", "0"), ("${NULL-0}", ""), ("${PWD:-0}", "/home"), ("${X:-$PWD}", "/home"),
    ("${X:-${Y:-z}}", "z"), ("${X:-a b}", "a b"),
    ("${X:+0}", ""), ("${NULL:+0}", ""), ("${NULL+0}", "0"), ("${PWD:+0}", "0"), ("${PWD:+${SHELL}}", "bash"), ("${PWD?}", "/home"), ("${NULL?}", ""),
    ("${X:-\\$PWD:}", "$PWD:"),
    ("${X:-\"a}b\"}", "a}b"), ("${1:-b}", "b"), ("${@:-b}a", "ba"),
  ])
  func defaultsAndAlternativesAreTaken(word: String, expected: String) throws { #expect(try expander().expand(word) == expected) }

  @Test(arguments: [
    ("${FOO#x}", "xyy"), ("${FOO#*x}", "xyy"), ("${FOO##*x}", "yy"), ("${FOO#*}", "xxyy"), ("${FOO##*}", ""), ("${FOO%y}", "xxy"),
    ("${FOO%y*}", "xxy"), ("${FOO%%y*}", "xx"),
    ("${FOO%z}", "xxyy"), ("${FOO#}", "xxyy"), ("${FOO##}", "xxyy"), ("${FOO#?\\?}", "xxyy"), ("${STARS%%\\**\\*}", "a"), ("${DOTS%.*}", "1.22"),
    ("${DOTS%%.*}", "1"), ("${DOTS#*.}", "22.3"),
    ("${DOTS##*.}", "3"), ("${URL#http://}", "a.b/c"), ("${URL##*/}", "c"), ("${X%%.*}", ""), ("${LINES##*b}", "a\nb\nc"), ("${FOO#${NULL}x}", "xyy"),
  ])
  func patternsTrimEnds(word: String, expected: String) throws { #expect(try expander().expand(word) == expected) }

  @Test(arguments: [
    ("${FOO/x/z}", "zxyy"), ("${FOO//x/z}", "zzyy"), ("${FOO//x*y/}", ""), ("${FOO/x?/-}", "-yy"),
    ("${URL/http:\\/\\//https:\\/\\/}", "https:\\/\\/a.b/c"), ("${PATHS//\\/?\\//:}", ":foo:c.txt"),
    ("${X///r}", "r"), ("${FOO/$NULL/w}", "wxxyy"), ("${FOO//$NULL/w}", "wxwxwywyw"), ("${X/a/b}", ""), ("${DOTS//./-}", "1-22-3"),
    ("${DOTS//\\*/-}", "1.22.3"),
  ])
  func patternsReplace(word: String, expected: String) throws {
    #expect(try expander().expand(word) == expected)
  }

  @Test(arguments: [
    "he'llo", "\"hello", "'hello", "${}", "he${", "${PWD", "${.}", "${X:YYY}", "${X?}", "${X:?}", "${NULL:?}", "${PWD:=0}", "${{aaa}", "${:}",
    "${:-b}", "${aaa:-bbb ${foo}", "${FOO:#}",
    "${FOO:%%}", "${FOO/x}", "${FOO/x/y", "${FOO#\\a}", "${FOO=a}", "${FOO^^}", "\"${\"",
  ])
  func brokenWordsAreRefused(word: String) {
    do throws(HullError) {
      let text = try expander().expand(word)
      Issue.record("\(word) became \(text)")
    } catch {
      #expect(error.code == .invalidArgument && error.message.hasPrefix("failed to process \""))
    }
  }

  @Test func aRequiredVariableSaysItsOwnMessage() {
    #expect(throws: HullError.self) { try expander().expand("${X:?set it with --build-arg}") }
    do throws(HullError) { _ = try expander().expand("${X:?set it}") } catch {
      #expect(error.message == "failed to process \"${X:?set it}\": X: set it")
    }
    do throws(HullError) { _ = try expander().expand("${NULL:?}") } catch {
      #expect(error.message == "failed to process \"${NULL:?}\": NULL: is not allowed to be empty")
    }
  }

  @Test(arguments: [
    ("a b", ["a", "b"]), ("a\\ b", ["a b"]), ("\"a b\" c", ["a b", "c"]), ("x${SPACED}y", ["x", "p", "q", "y"]), ("x\"${SPACED}\"y", ["x p  q y"]),
    ("", []), ("  ", []), ("$X", []),
    ("\"\"", []), ("a <<EOF b", ["a", "<<EOF", "b"]), ("a << EOF", ["a", "<< EOF"]), ("8${X:-0}80", ["8080"]),
  ])
  func wordsAreSplitAfterVariablesArePutIn(word: String, expected: [String]) throws { #expect(try expander().expandWords(word) == expected) }

  @Test func modesKeepWhatTheyName() throws {
    #expect(try expander().expand("'a' \"$PWD\" \\b", modes: .keepsQuotes) == "'a' \"/home\" b")
    #expect(try expander().expand("a\\$b \"\\$\"", modes: [.keepsQuotes, .keepsEscapes]) == "a\\$b \"\\$\"")
    #expect(try expander().expand("$X ${X} ${X:-y} ${X#a} $PWD", modes: .keepsUnset) == "$X ${X} ${X:-y} ${X#a} /home")
    #expect(try expander().expand("it's $PWD \"", modes: .ignoresQuotes) == "it's /home \"")
    #expect(try expander("`").expand("a\\b`$PWD `\\") == "a\\b$PWD \\")
  }

  @Test func documentsHaveOnlyTheirVariablesPutIn() throws {
    let document = try expander("`").expandDocument("it's \"$PWD\" \\$PWD ${Y:-z}\n")
    #expect(document.text == "it's \"/home\" $PWD z\n" && document.used == ["PWD"] && document.missing == ["Y"])
  }

  @Test func namesThatWereUsedAreTold() throws {
    let expansion = try expander().expansion(of: "${PWD:-$A} $SHELL ${B+c} '$C'")
    #expect(expansion.used == ["PWD", "SHELL"] && expansion.missing == ["A", "B"])
  }

  @Test func growthAndDepthHaveAnEnd() {
    let large = String(repeating: "x", count: 1 << 20)
    let growing = WordExpander { _ in large }
    #expect(throws: HullError.self) { try growing.expand(String(repeating: "'$A'$A", count: 17)) }
    #expect(throws: HullError.self) { try expander().expand(String(repeating: "${X:-", count: 50_000)) }
    let long = String(repeating: "ab", count: 5000)
    #expect(throws: Never.self) { try WordExpander { _ in long }.expand("${A##*a*b*c*d} ${A//*a*a*c/x}") }
  }
}
