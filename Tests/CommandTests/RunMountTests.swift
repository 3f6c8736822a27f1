// SPDX-License-Identifier: Apache-2.0
import Testing

/// What docker's own client (28.2, API 1.50) sends for these flags: see `Recorded`.
@Suite struct RunMountTests {
  private static let mounts = Recorded.lines(
    #"""
    --mount type=bind,source=/a,target=/b => {"HostConfig":{"Mounts":[{"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,src=/a,dst=/b,ro => {"HostConfig":{"Mounts":[{"ReadOnly":true,"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,readonly=false => {"HostConfig":{"Mounts":[{"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,readonly=true,bind-propagation=rslave => {"HostConfig":{"Mounts":[{"BindOptions":{"Propagation":"rslave"},"ReadOnly":true,"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,bind-nonrecursive => {"HostConfig":{"Mounts":[{"BindOptions":{"NonRecursive":true},"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,bind-nonrecursive=true => {"HostConfig":{"Mounts":[{"BindOptions":{"NonRecursive":true},"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,bind-recursive=enabled => {"HostConfig":{"Mounts":[{"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,bind-recursive=disabled => {"HostConfig":{"Mounts":[{"BindOptions":{"NonRecursive":true},"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,readonly,bind-recursive=writable => {"HostConfig":{"Mounts":[{"BindOptions":{"ReadOnlyNonRecursive":true},"ReadOnly":true,"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,readonly,bind-recursive=readonly,bind-propagation=rprivate => {"HostConfig":{"Mounts":[{"BindOptions":{"Propagation":"rprivate","ReadOnlyForceRecursive":true},"ReadOnly":true,"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,bind-recursive=readonly => invalid argument "type=bind,source=/a,target=/b,bind-recursive=readonly" for "--mount" flag: option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction
    --mount type=bind,source=/a,target=/b,bind-recursive=writable => invalid argument "type=bind,source=/a,target=/b,bind-recursive=writable" for "--mount" flag: option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction
    --mount type=bind,source=/a,target=/b,readonly,bind-recursive=readonly => invalid argument "type=bind,source=/a,target=/b,readonly,bind-recursive=readonly" for "--mount" flag: option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction
    --mount type=bind,source=/a,target=/b,bind-recursive=bad => invalid argument "type=bind,source=/a,target=/b,bind-recursive=bad" for "--mount" flag: invalid value for bind-recursive: bad (must be "enabled", "disabled", "writable", or "readonly")
    --mount type=bind,source=/a,target=/b,bind-create-mountpoint=true => invalid argument "type=bind,source=/a,target=/b,bind-create-mountpoint=true" for "--mount" flag: unexpected key 'bind-create-mountpoint' in 'bind-create-mountpoint=true'
    --mount type=bind,source=/a,target=/b,bind-propagation=bad => {"HostConfig":{"Mounts":[{"BindOptions":{"Propagation":"bad"},"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,target=/b => {"HostConfig":{"Mounts":[{"Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a => invalid argument "type=bind,source=/a" for "--mount" flag: target is required
    --mount type=bind,source=/a,target=b => {"HostConfig":{"Mounts":[{"Source":"/a","Target":"b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,consistency=cached => {"HostConfig":{"Mounts":[{"Consistency":"cached","Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,consistency=bad => {"HostConfig":{"Mounts":[{"Consistency":"bad","Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,volume-nocopy => invalid argument "type=bind,source=/a,target=/b,volume-nocopy" for "--mount" flag: cannot mix 'volume-*' options with mount type 'bind'
    --mount source=v,target=/d => {"HostConfig":{"Mounts":[{"Source":"v","Target":"/d","Type":"volume"}]}}
    --mount target=/d => {"HostConfig":{"Mounts":[{"Target":"/d","Type":"volume"}]}}
    --mount type=volume,source=v,target=/d,volume-subpath=s/t,volume-nocopy,volume-label=a=b,volume-label=c,volume-driver=local,volume-opt=type=nfs,volume-opt=o=addr => {"HostConfig":{"Mounts":[{"Source":"v","Target":"/d","Type":"volume","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"o":"addr","type":"nfs"}},"Labels":{"a":"b","c":""},"NoCopy":true,"Subpath":"s/t"}}]}}
    --mount type=volume,target=/d,volume-label=b=1,volume-opt=x => {"HostConfig":{"Mounts":[{"Target":"/d","Type":"volume","VolumeOptions":{"DriverConfig":{"Options":{"x":""}},"Labels":{"b":"1"}}}]}}
    --mount type=volume,source=v,target=/d,volume-nocopy=false => {"HostConfig":{"Mounts":[{"Source":"v","Target":"/d","Type":"volume"}]}}
    --mount type=volume,source=v,target=/d,volume-nocopy=x => invalid argument "type=volume,source=v,target=/d,volume-nocopy=x" for "--mount" flag: invalid value for volume-nocopy: x
    --mount type=volume,source=v,target=/d,readonly => {"HostConfig":{"Mounts":[{"ReadOnly":true,"Source":"v","Target":"/d","Type":"volume"}]}}
    --mount type=volume,source=v,target=/d,bind-propagation=shared => invalid argument "type=volume,source=v,target=/d,bind-propagation=shared" for "--mount" flag: cannot mix 'bind-*' options with mount type 'volume'
    --mount type=tmpfs,target=/t => {"HostConfig":{"Mounts":[{"Target":"/t","Type":"tmpfs"}]}}
    --mount type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1770 => {"HostConfig":{"Mounts":[{"Target":"/t","TmpfsOptions":{"Mode":1016,"SizeBytes":67108864},"Type":"tmpfs"}]}}
    --mount type=tmpfs,target=/t,tmpfs-size=x => invalid argument "type=tmpfs,target=/t,tmpfs-size=x" for "--mount" flag: invalid value for tmpfs-size: x
    --mount type=tmpfs,target=/t,tmpfs-mode=9 => invalid argument "type=tmpfs,target=/t,tmpfs-mode=9" for "--mount" flag: invalid value for tmpfs-mode: 9
    --mount type=tmpfs,source=x,target=/t => {"HostConfig":{"Mounts":[{"Source":"x","Target":"/t","Type":"tmpfs"}]}}
    --mount type=tmpfs,target=/t,readonly => {"HostConfig":{"Mounts":[{"ReadOnly":true,"Target":"/t","Type":"tmpfs"}]}}
    --mount type=tmpfs,target=/t,tmpfs-options=noexec => invalid argument "type=tmpfs,target=/t,tmpfs-options=noexec" for "--mount" flag: unexpected key 'tmpfs-options' in 'tmpfs-options=noexec'
    --mount type=image,source=alpine,target=/i => {"HostConfig":{"Mounts":[{"Source":"alpine","Target":"/i","Type":"image"}]}}
    --mount type=image,source=alpine,target=/i,image-subpath=etc => {"HostConfig":{"Mounts":[{"ImageOptions":{"Subpath":"etc"},"Source":"alpine","Target":"/i","Type":"image"}]}}
    --mount type=image,source=alpine,target=/i,readonly => {"HostConfig":{"Mounts":[{"ReadOnly":true,"Source":"alpine","Target":"/i","Type":"image"}]}}
    --mount type=npipe,source=a,target=/b => {"HostConfig":{"Mounts":[{"Source":"a","Target":"/b","Type":"npipe"}]}}
    --mount type=foo,source=a,target=/b => {"HostConfig":{"Mounts":[{"Source":"a","Target":"/b","Type":"foo"}]}}
    --mount type=,target=/b => invalid argument "type=,target=/b" for "--mount" flag: type is required
    --mount foo=bar,target=/b => invalid argument "foo=bar,target=/b" for "--mount" flag: unexpected key 'foo' in 'foo=bar'
    --mount foo,target=/b => invalid argument "foo,target=/b" for "--mount" flag: invalid field 'foo' must be a key=value pair
    --mount readonly=x,target=/b => invalid argument "readonly=x,target=/b" for "--mount" flag: invalid value for readonly: x
    --mount type=BIND,SOURCE=/a,TARGET=/b => {"HostConfig":{"Mounts":[{"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b --mount type=bind,source=/c,target=/d => {"HostConfig":{"Mounts":[{"Source":"/a","Target":"/b","Type":"bind"},{"Source":"/c","Target":"/d","Type":"bind"}]}}
    --mount type=cluster,source=a,target=/b => {"HostConfig":{"Mounts":[{"Source":"a","Target":"/b","Type":"cluster"}]}}
    --mount type=bind,source=,target=/b => {"HostConfig":{"Mounts":[{"Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=/a,target= => invalid argument "type=bind,source=/a,target=" for "--mount" flag: target is required
    --mount type=bind,src=/a,dst=/b,bind-propagation= => {"HostConfig":{"Mounts":[{"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=bind,source=~/x,target=/d => {"HostConfig":{"Mounts":[{"Source":"~/x","Target":"/d","Type":"bind"}]}}
    --mount type=bind,source=rel,target=/d => {"HostConfig":{"Mounts":[{"Source":"rel","Target":"/d","Type":"bind"}]}}
    --mount type=bind,source=/a/../b/,target=/d/ => {"HostConfig":{"Mounts":[{"Source":"/a/../b/","Target":"/d/","Type":"bind"}]}}
    --mount type=bind,source=/a,target=/b,ro=1,readonly=0 => {"HostConfig":{"Mounts":[{"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=tmpfs,target=/t,tmpfs-mode=0700 => {"HostConfig":{"Mounts":[{"Target":"/t","TmpfsOptions":{"Mode":448},"Type":"tmpfs"}]}}
    --mount type=tmpfs,target=/t,tmpfs-size=1.5g => {"HostConfig":{"Mounts":[{"Target":"/t","TmpfsOptions":{"SizeBytes":1610612736},"Type":"tmpfs"}]}}
    --mount type=volume,source=v,target=/d,volume-driver= => {"HostConfig":{"Mounts":[{"Source":"v","Target":"/d","Type":"volume"}]}}
    --mount type=volume,source=v,target=/d,volume-label=a => {"HostConfig":{"Mounts":[{"Source":"v","Target":"/d","Type":"volume","VolumeOptions":{"Labels":{"a":""}}}]}}
    --mount type=volume,source=v,target=/d,volume-opt=o=addr=1,2 => invalid argument "type=volume,source=v,target=/d,volume-opt=o=addr=1,2" for "--mount" flag: invalid field '2' must be a key=value pair
    --mount type=image,source=alpine => invalid argument "type=image,source=alpine" for "--mount" flag: target is required
    --mount type=image,target=/x => {"HostConfig":{"Mounts":[{"Target":"/x","Type":"image"}]}}
    --mount type=bind,source=/a,target=/b,bind-nonrecursive=x => invalid argument "type=bind,source=/a,target=/b,bind-nonrecursive=x" for "--mount" flag: invalid value for bind-nonrecursive: x
    --mount type=bind,source=/a,target=/b,bind-nonrecursive=false => {"HostConfig":{"Mounts":[{"Source":"/a","Target":"/b","Type":"bind"}]}}
    --mount type=volume,target=/b,tmpfs-mode=7 => invalid argument "type=volume,target=/b,tmpfs-mode=7" for "--mount" flag: cannot mix 'tmpfs-*' options with mount type 'volume'
    --mount type=image,target=/b,source=x,volume-nocopy => invalid argument "type=image,target=/b,source=x,volume-nocopy" for "--mount" flag: cannot mix 'volume-*' options with mount type 'image'
    --mount type=tmpfs,target=/b,image-subpath=x => invalid argument "type=tmpfs,target=/b,image-subpath=x" for "--mount" flag: cannot mix 'image-*' options with mount type 'tmpfs'
    --mount type=bind,source=/a,target=/b,volume-nocopy=false => invalid argument "type=bind,source=/a,target=/b,volume-nocopy=false" for "--mount" flag: cannot mix 'volume-*' options with mount type 'bind'
    --mount type=bind,source=/a,target=/b,readonly=false,bind-recursive=writable => invalid argument "type=bind,source=/a,target=/b,readonly=false,bind-recursive=writable" for "--mount" flag: option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction
    --mount type=bind,source=/a,target=/b,tmpfs-size=0 => invalid argument "type=bind,source=/a,target=/b,tmpfs-size=0" for "--mount" flag: cannot mix 'tmpfs-*' options with mount type 'bind'
    """#)

  @Test(arguments: mounts)
  func mountsAreAskedForAsDockerAsks(line: Recorded.Line) throws {
    #expect(Recorded.result(of: line.words) == line.result)
  }

  private static let volumes = Recorded.lines(
    #"""
    -v /a:/b -v vol:/c:ro -v /anon => {"HostConfig":{"Binds":["/a:/b","vol:/c:ro"]},"Volumes":{"/anon":{}}}
    -v ~:/b => {"HostConfig":{"Binds":["~:/b"]}}
    -v /a:/b:rw,rslave,nocopy => {"HostConfig":{"Binds":["/a:/b:rw,rslave,nocopy"]}}
    -v /:/host => {"HostConfig":{"Binds":["/:/host"]}}
    -v a:b:c:d => {"HostConfig":{"Binds":["a:b:c:d"]}}
    -v a:b: => invalid spec: a:b:: empty section between colons
    -v a => {"Volumes":{"a":{}}}
    -v vol:/c:foo => {"HostConfig":{"Binds":["vol:/c:foo"]}}
    -v vol:/c:ro,rw => {"HostConfig":{"Binds":["vol:/c:ro,rw"]}}
    -v vol:/c:volume-nocopy => {"HostConfig":{"Binds":["vol:/c:volume-nocopy"]}}
    --volumes-from a --volumes-from b:ro => {"HostConfig":{"VolumesFrom":["a","b:ro"]}}
    --tmpfs /t --tmpfs /u:size=1m,mode=700 => {"HostConfig":{"Tmpfs":{"/t":"","/u":"size=1m,mode=700"}}}
    -v vol:/c: => invalid spec: vol:/c:: empty section between colons
    -v /a:/b -v /a:/b => {"HostConfig":{"Binds":["/a:/b"]}}
    -v vv:data => {"HostConfig":{"Binds":["vv:data"]}}
    -v vol::ro => invalid spec: vol::ro: empty section between colons
    -v ./a => {"Volumes":{"./a":{}}}
    --tmpfs /t: => {"HostConfig":{"Tmpfs":{"/t":""}}}
    --tmpfs /t:a:b => {"HostConfig":{"Tmpfs":{"/t":"a:b"}}}
    -v /a:/b,/c:/d => {"HostConfig":{"Binds":["/a:/b,/c:/d"]}}
    """#)

  @Test(arguments: volumes)
  func volumesAreAskedForAsDockerAsks(line: Recorded.Line) throws {
    #expect(Recorded.result(of: line.words) == line.result)
  }
}
