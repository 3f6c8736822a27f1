// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Testing

@Suite struct MountTests {
  private func mount(_ text: String) throws -> RunMount { try #require(try run("RUN --mount=\(text) a").mounts.first) }

  @Test func everyKindHasItsKeys() throws {
    let bind = try mount("target=/a,source=b,from=stage,rw")
    #expect(bind.kind == .bind && bind.target == "/a" && bind.source == "b" && bind.from == "stage" && bind.readOnly == false)
    let cache = try mount("type=cache,dst=/c,id=x,sharing=locked,mode=0755,uid=1,gid=2,ro=true")
    #expect(cache.kind == .cache && cache.id == "x" && cache.sharing == .locked && cache.mode == 0o755 && cache.uid == 1 && cache.gid == 2)
    #expect(cache.readOnly == true)
    let tmpfs = try mount("type=tmpfs,destination=/t,size=64m")
    #expect(tmpfs.kind == .tmpfs && tmpfs.size == 64 << 20 && tmpfs.readOnly == nil)
    let secret = try mount("type=secret,id=s,env=TOKEN,required,mode=0400")
    #expect(secret.kind == .secret && secret.id == "s" && secret.environment == "TOKEN" && secret.required && secret.mode == 0o400)
    #expect(try mount("type=SSH,required=false").kind == .ssh)
  }

  @Test func quotedFieldsMayHaveCommas() throws {
    let run = try run("RUN --mount='type=cache,\"target=/a,b\"' --mount=target=/c --network=none --security=insecure x")
    #expect(run.mounts.map(\.target) == ["/a,b", "/c"] && run.network == "none" && run.security == "insecure")
  }

  @Test func variablesAreReadWhenTheyAreKnown() throws {
    let mount = try mount("type=$KIND,target=/c/$NAME,mode=$MODE,sharing=${SHARING}")
    #expect(mount.target == "/c/$NAME" && mount.mode == nil && mount.kind == .bind)
    let values = ["KIND": "cache", "NAME": "go", "MODE": "700", "SHARING": "private"]
    let expanded = try mount.expanded(by: WordExpander { values[$0] })
    #expect(expanded.kind == .cache && expanded.target == "/c/go" && expanded.mode == 0o700 && expanded.sharing == .private)
    #expect(throws: HullError.self) { try mount.expanded(by: WordExpander { _ in "x" }) }
  }

  @Test(arguments: [
    ("type=cach,target=/a", "unsupported mount type \"cach\" (did you mean cache?)"),
    ("type=bind,targt=/a", "unexpected key 'targt' in 'targt=/a' (did you mean target?)"),
    ("type=bind,x", "invalid field 'x' must be a key=value pair"),
    ("type=bind,target=/a,from=$X", "'from' doesn't support variable expansion, define alias stage instead"),
    ("type=cache,target=/a,sharing=shard", "unsupported sharing value \"shard\" (did you mean shared?)"),
    ("type=cache,target=/a,mode=9", "invalid value 9 for mode"),
    ("type=bind,target=/a,uid=1", "uid not allowed for \"bind\" type mounts"),
    ("type=bind,target=/a,size=1", "unexpected key 'size' for mount type 'bind'"),
    ("type=bind,target=/a,required", "unexpected key 'required' for mount type 'bind'"),
    ("type=secret", "invalid secret mount. one of source, target required"),
    ("type=secret,id=a,source=b", "both source and id can't be set"), ("type=secret,id=a,from=b", "secret mount should not have a from"),
    ("type=bind,target=/a,sharing=shared", "invalid cache sharing set for bind mount"),
    ("type=bind,target=/a,ro=maybe", "invalid value for ro: maybe"),
    ("type=tmpfs,target=/a,size=big", "invalid value for size: big"), ("a\\\"b", "failed to parse csv mounts: bare \" in non-quoted-field"),
  ])
  func brokenMountsAreRefused(text: String, message: String) {
    #expect(refusal("FROM scratch\nRUN --mount=\(text) a")?.message == "dockerfile parse error on line 2: \(message)")
  }
}
