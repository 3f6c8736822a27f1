// swift-tools-version: 6.2
// The house, floor by floor. An arrow in this file may only point downward:
// Kernel and Spec know nobody · Store, Walls, Images and Connect know those · Engine composes · Serve and Commands sit on top.
import PackageDescription

let strict = Context.environment["HULL_STRICT"] == "1"

let swift: [SwiftSetting] =
  [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]
  + (strict ? [.treatAllWarnings(as: .error)] : [])

/// A program that is one static file: it starts in about a millisecond and shares nothing with the host's libraries.
let staticSwift: [SwiftSetting] = swift + [.unsafeFlags(["-static-stdlib"])]
let staticLink: [LinkerSetting] = [.unsafeFlags(["-static-executable"])]

func room(_ name: String, on floor: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(floor)/\(name)", swiftSettings: swift)
}

func clang(_ name: String, on floor: String) -> Target {
  .target(name: name, path: "Sources/\(floor)/\(name)")
}

func system(_ name: String, on floor: String, pkgConfig: String, apt: String) -> Target {
  .systemLibrary(name: name, path: "Sources/\(floor)/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: swift)
}

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let grpc: Target.Dependency = .product(name: "GRPCCore", package: "grpc-swift-2")
let grpcTransport: Target.Dependency = .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")

let package = Package(
  name: "hull",
  products: [
    .executable(name: "hulld", targets: ["hulld"]),
    .executable(name: "hull", targets: ["hull"]),
    .executable(name: "hull-shim", targets: ["hull-shim"]),
    .executable(name: "hull-runtime", targets: ["hull-runtime"]),
    .executable(name: "hull-registry", targets: ["hull-registry"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
  ],
  targets: [
    // Kernel: system calls, typed. No Foundation.
    room("Errors", on: "Kernel"),
    clang("CLinux", on: "Kernel"),
    room("LinuxSystem", on: "Kernel", ["CLinux", "Errors"]),
    room("Netlink", on: "Kernel", ["Addressing", "LinuxSystem", "CLinux", "Errors"]),

    room("Threads", on: "Kernel", [nio, nioPosix]),

    // Spec: what others have written down. No I/O.
    room("OCISpec", on: "Spec", ["Errors"]),
    room("DockerAPI", on: "Spec", ["OCISpec", "Errors"]),
    room("Addressing", on: "Spec"),
    room("DNS", on: "Spec", ["Addressing", "Errors"]),

    // Walls: what stands between a workload and the host. Launch, ShimProtocol and ShimCore link no Foundation.
    system("CSeccomp", on: "Walls", pkgConfig: "libseccomp", apt: "libseccomp-dev"),
    room("Launch", on: "Walls", ["Netlink", "LinuxSystem", "Errors"]),
    room("Emulation", on: "Walls", ["OCISpec", "LinuxSystem", "CLinux", "Errors"]),
    room("Seccomp", on: "Walls", ["CSeccomp", "OCISpec", "Errors"]),
    room("LaunchCompiler", on: "Walls", ["Launch", "Seccomp", "OCISpec", "LinuxSystem", "Errors"]),
    room("OCIRuntime", on: "Walls", ["LaunchCompiler", "Launch", "Seccomp", "OCISpec", "LinuxSystem", "CLinux", "Errors"]),
    room("ShimProtocol", on: "Walls", ["Addressing", "Launch", "Errors"]),
    room("Interfaces", on: "Walls", ["ShimProtocol", "Netlink", "Addressing", "Launch", "LinuxSystem", "CLinux", "Errors"]),
    room("Names", on: "Walls", ["ShimLoop", "ShimProtocol", "DNS", "Addressing", "Launch", "LinuxSystem", "CLinux", "Errors"]),
    room("Ports", on: "Walls", ["ShimLoop", "ShimProtocol", "Addressing", "Launch", "LinuxSystem", "CLinux", "Errors"]),
    room("ShimLoop", on: "Walls", ["LinuxSystem", "CLinux", "Errors"]),
    room("ShimCore", on: "Walls", ["Interfaces", "Names", "Ports", "ShimLoop", "ShimProtocol", "Launch", "LinuxSystem", "CLinux", "Errors"]),

    // Store: the one database.
    room("Database", on: "Store", [grdb, "Threads", "Errors"]),

    // Images: blobs, layers, archives. Synchronous, thread-safe.
    system("CCrypto", on: "Images", pkgConfig: "libcrypto", apt: "libssl-dev"),
    system("CZstd", on: "Images", pkgConfig: "libzstd", apt: "libzstd-dev"),
    system("CISAL", on: "Images", pkgConfig: "libisal", apt: "libisal-dev"),
    system("CZlib", on: "Images", pkgConfig: "zlib", apt: "zlib1g-dev"),
    room("Archive", on: "Images", ["CLinux", "LinuxSystem", "CCrypto", "CZstd", "CISAL", "CZlib", "OCISpec", "Errors"]),
    room("ContentStore", on: "Images", ["Archive", "OCISpec", "LinuxSystem", "Errors"]),
    room("Layers", on: "Images", ["Archive", "ContentStore", "OCISpec", "LinuxSystem", "Errors"]),
    room("ImageStore", on: "Images", ["Threads", "Layers", "ContentStore", "Archive", "Database", grdb, "OCISpec", "LinuxSystem", "Errors"]),
    room(
      "RegistryClient", on: "Images",
      ["Addressing", "Threads", "Archive", "OCISpec", "LinuxSystem", "Errors", httpClient, nio, nioPosix, nioHTTP, nioSSL, log]),
    room(
      "ImageTransfer", on: "Images",
      ["RegistryClient", "ImageStore", "Layers", "ContentStore", "Archive", "Threads", "OCISpec", "LinuxSystem", "Errors"]),

    // Registry: the hub, a program of its own. It knows nothing of the engine but its API.
    room("RegistryStore", on: "Registry", ["Archive", "OCISpec", "LinuxSystem", "Errors"]),
    system("CCrypt", on: "Registry", pkgConfig: "libxcrypt", apt: "libcrypt-dev"),
    room(
      "RegistryServer", on: "Registry",
      [
        "RegistryStore", "RegistryClient", "CCrypt", "Archive", "OCISpec", "LinuxSystem", "CLinux", "Errors",
        hummingbird, hummingbirdCore, httpClient, jwt, nio, nioPosix, nioHTTP, nioSSL, log,
      ]),

    // Build: Dockerfiles and what they stand for.
    room("Dockerfile", on: "Build", ["Errors"]),
    room("BuildWire", on: "Build", ["Errors"]),
    room(
      "Builder", on: "Build",
      [
        "BuildWire", "Dockerfile", "ImageTransfer", "RegistryClient", "ImageStore", "Layers", "ContentStore", "Archive", "Database", grdb, "Threads",
        "OCISpec", "LinuxSystem", "CLinux",
        "Errors",
      ]),

    // Connect: networks and volumes on the host.
    system("CNftables", on: "Connect", pkgConfig: "libnftables", apt: "libnftables-dev"),
    room("Networking", on: "Connect", ["CNftables", "Netlink", "DNS", "Addressing", "LinuxSystem", "CLinux", "Errors"]),
    room("Volumes", on: "Connect", ["Archive", "LinuxSystem", "CLinux", "Errors"]),

    // Engine: the one orchestrator.
    room("EngineStore", on: "Engine", ["Database", grdb, "DockerAPI", "Errors"]),
    room(
      "Engine", on: "Engine",
      [
        "Builder", "Dockerfile", "Networking", "Volumes", "Netlink", "DNS", "Addressing", "EngineStore", "Database", "ImageTransfer",
        "RegistryClient", "ImageStore",
        "Threads", "Layers", "Archive", "ContentStore",
        "ShimProtocol", "LaunchCompiler", "Launch", "Seccomp", "Emulation",
        "LinuxSystem", "CLinux", "OCISpec", "DockerAPI", "Errors", nio, nioPosix, log,
      ]),

    // Serve: the Docker Engine API, and BuildKit's on connections that it hands over.
    .target(
      name: "BuildKitProtocol", dependencies: [protobuf], path: "Sources/Serve/BuildKitProtocol", exclude: ["Protos"], swiftSettings: swift),
    room(
      "BuildKitAPI", on: "Serve",
      [
        "BuildKitProtocol", "Builder", "BuildWire", "Dockerfile", "Archive", "Threads", "DockerAPI", "OCISpec", "Errors", protobuf, grpc,
        grpcTransport, nio, nioPosix, log,
      ]),
    room(
      "EngineHTTP", on: "Serve",
      [
        "BuildKitAPI", "Engine", "Builder", "BuildWire", "Dockerfile", "Archive", "LinuxSystem", "CLinux", "Threads", "OCISpec", "DockerAPI",
        "Errors", nio, nioPosix, nioHTTP, log,
      ]),

    // Commands: the client.
    room("HullCommands", on: "Commands", ["BuildWire", "Dockerfile", "LinuxSystem", "Errors"]),

    .executableTarget(
      name: "hulld",
      dependencies: [
        "EngineHTTP", "Engine", "Builder", "ImageStore", "RegistryClient", "Networking", "Addressing", "CLinux", "Errors", arguments, log, nio,
        nioPosix,
      ],
      path: "Sources/Executables/hulld", swiftSettings: swift),
    .executableTarget(
      name: "hull", dependencies: ["HullCommands"], path: "Sources/Executables/hull", swiftSettings: staticSwift, linkerSettings: staticLink),
    .executableTarget(
      name: "hull-shim", dependencies: ["ShimCore"], path: "Sources/Executables/hull-shim", swiftSettings: staticSwift,
      linkerSettings: staticLink),
    .executableTarget(
      name: "hull-runtime", dependencies: ["OCIRuntime"], path: "Sources/Executables/hull-runtime", swiftSettings: staticSwift,
      linkerSettings: staticLink),
    .executableTarget(
      name: "hull-registry", dependencies: ["RegistryServer", "RegistryStore", "LinuxSystem", "CLinux", "Errors", arguments, log],
      path: "Sources/Executables/hull-registry",
      swiftSettings: swift),

    .executableTarget(
      name: "launch-probe", dependencies: ["Launch", "LinuxSystem", "Errors"], path: "Tests/LaunchProbe", swiftSettings: staticSwift,
      linkerSettings: staticLink),
    .executableTarget(
      name: "hull-fuzz", dependencies: ["Archive", "Dockerfile", "OCISpec", "Errors"], path: "Sources/Executables/hull-fuzz", swiftSettings: swift),

    tests("LaunchTests", ["Launch", "LaunchCompiler", "Seccomp", "LinuxSystem", "OCISpec", "Errors"]),
    tests("EmulationTests", ["Emulation", "OCISpec", "LinuxSystem", "Errors"]),
    tests("OCIRuntimeTests", ["OCIRuntime", "LaunchCompiler", "Launch", "Seccomp", "OCISpec", "LinuxSystem", "Errors"]),
    tests("ShimTests", ["ShimCore", "ShimProtocol", "Launch", "LinuxSystem", "Errors"]),
    tests("ThreadsTests", ["Threads"]),
    tests("DNSTests", ["DNS", "Addressing", "Errors"]),
    tests(
      "NamesTests", ["Names", "DNS", "ShimLoop", "ShimProtocol", "Addressing", "Launch", "LinuxSystem", "CLinux", "Errors"]),
    tests("PortsTests", ["Ports", "Netlink", "ShimLoop", "ShimProtocol", "Addressing", "LinuxSystem", "CLinux", "Errors"]),
    tests("DockerfileTests", ["Dockerfile", "Errors"]),
    tests("BuilderTests", ["Builder", "BuildWire", "Dockerfile", "Archive", "Layers", "LinuxSystem", "OCISpec", "Errors"]),
    tests("SpecTests", ["OCISpec", "DockerAPI", "Errors"]),
    tests("ImageTests", ["Archive", "ContentStore", "Layers", "ImageStore", "Database", grdb, "OCISpec", "LinuxSystem", "Errors"]),
    tests("RegistryClientTests", ["RegistryClient", "OCISpec", "Archive", "Errors", nio, nioPosix, nioHTTP, log]),
    tests("RegistryStoreTests", ["RegistryStore", "OCISpec", "Archive", "LinuxSystem", "Errors"]),
    tests("RegistryServerTests", ["RegistryServer", "RegistryStore", "OCISpec", "Archive", "Errors", httpClient, nio, nioHTTP, nioEmbedded]),
    .target(
      name: "NamespaceSupport", dependencies: ["Netlink", "Addressing", "LinuxSystem", "CLinux"], path: "Tests/NamespaceSupport", swiftSettings: swift
    ),
    tests("NetlinkTests", ["Netlink", "NamespaceSupport", "Addressing", "LinuxSystem", "CLinux"]),
    tests(
      "InterfacesTests", ["Interfaces", "NamespaceSupport", "Netlink", "ShimProtocol", "Launch", "Addressing", "LinuxSystem", "CLinux", "Errors"]),
    tests("NetworkingTests", ["NamespaceSupport", "Networking", "Netlink", "Addressing", "LinuxSystem", "CLinux", "Errors"]),
    tests("EngineTests", ["Engine", "ImageStore", "Addressing", "EngineStore", "Database", "DockerAPI", "Errors"]),
    tests("EngineHTTPTests", ["EngineHTTP", "Engine", "Builder", "OCISpec", "DockerAPI", "Errors", nio, nioPosix, nioHTTP]),
    tests(
      "BuildKitTests",
      [
        "BuildKitAPI", "BuildKitProtocol", "Builder", "Dockerfile", "OCISpec", "DockerAPI", "Errors", protobuf, grpc, grpcTransport, nio, nioPosix,
        log,
      ]),
    tests("CommandTests", ["HullCommands", "BuildWire", "Errors"]),
  ]
)
