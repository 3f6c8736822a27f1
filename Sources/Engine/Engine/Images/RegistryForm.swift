// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import ImageTransfer
import OCISpec
import RegistryClient

/// Registries, pulls and pushes as the API shows them.
enum RegistryForm {
  /// A line of a progress stream.
  static func line(_ event: TransferEvent) -> ProgressMessage {
    var message = ProgressMessage()
    message.status = event.status
    message.id = event.id ?? ""
    if event.isStep { message.progressDetail = ProgressDetail() }
    if let current = event.current {
      message.progressDetail?.current = current
      message.progressDetail?.total = event.total ?? 0
      message.progress = ProgressBar.text(current: current, total: event.total ?? 0)
    }
    return message
  }

  static func line(_ status: String) -> ProgressMessage {
    var message = ProgressMessage()
    message.status = status
    return message
  }

  static func line(_ pushed: PushedTag) -> ProgressMessage {
    var message = ProgressMessage()
    message.progressDetail = ProgressDetail()
    var result = PushResult()
    (result.tag, result.digest, result.size) = (pushed.tag, pushed.digest.description, pushed.size)
    message.aux = result
    return message
  }

  static func item(_ result: SearchResult) -> ImageSearchItem {
    var item = ImageSearchItem()
    (item.name, item.description, item.starCount) = (result.name, result.description, result.starCount)
    (item.isOfficial, item.isAutomated) = (result.isOfficial, result.isAutomated)
    return item
  }

  /// The filters of `docker search`.
  static func filter(_ filters: Filters) throws(HullError) -> SearchFilter {
    try filters.validate(accepted: ["is-automated", "is-official", "stars"])
    var filter = SearchFilter()
    if filters.contains("is-automated") { filter.isAutomated = try filters.bool("is-automated", default: false) }
    if filters.contains("is-official") { filter.isOfficial = try filters.bool("is-official", default: false) }
    for text in filters["stars"] {
      guard let stars = Int(text), stars >= 0 else { throw HullError(.invalidArgument, "invalid filter 'stars=\(text)'") }
      filter.stars = max(filter.stars, stars)
    }
    return filter
  }

  static func platform(_ platform: Platform) -> PlatformInfo {
    var info = PlatformInfo()
    (info.os, info.architecture, info.variant) = (platform.os, platform.architecture, platform.variant ?? "")
    return info
  }

  /// A platform as queries have it since 1.46: `{"os":"linux","architecture":"arm64"}`; empty: none.
  static func platform(json text: String?) throws(HullError) -> Platform? {
    guard let text, !text.isEmpty else { return nil }
    guard text.hasPrefix("{") else { return try Platform(parsing: text) }
    do { return try DockerJSON.decode(Platform.self, from: Array(text.utf8)) } catch {
      throw HullError(.invalidArgument, "failed to parse platform: \(text)")
    }
  }

  /// `/info`, `RegistryConfig`.
  static func information(_ registries: RegistriesConfiguration) -> RegistryConfig {
    var config = RegistryConfig()
    config.insecureRegistryCIDRs = ["::1/128", "127.0.0.0/8"] + registries.insecure.filter { $0.contains("/") }
    for (name, registry) in registries.registries { config.indexConfigs[name] = index(name, registry) }
    for name in registries.insecure where !name.contains("/") { config.indexConfigs[name] = index(name, .init(insecure: true)) }
    if config.indexConfigs["docker.io"] == nil { config.indexConfigs["docker.io"] = index("docker.io", .init()) }
    config.mirrors = config.indexConfigs["docker.io"]?.mirrors
    return config
  }

  private static func index(_ name: String, _ registry: RegistriesConfiguration.Registry) -> IndexInfo {
    var info = IndexInfo()
    info.name = name
    info.mirrors = registry.mirrors.map { "\($0.url)/" }
    info.secure = !registry.insecure
    info.official = name == "docker.io"
    return info
  }
}

/// The bar that clients show who do not draw one themselves.
enum ProgressBar {
  private static let width: Int64 = 50

  /// `[==>    ]  1.2MB/3.4MB`
  static func text(current: Int64, total: Int64) -> String {
    guard total > 0, current <= total else { return size(current) }
    let filled = Int(current * width / total)
    let bar = String(repeating: "=", count: filled) + (filled < width ? ">" : "") + String(repeating: " ", count: max(0, Int(width) - filled - 1))
    return "[\(bar)]  \(size(current))/\(size(total))"
  }

  private static func size(_ bytes: Int64) -> String {
    var (value, unit) = (Double(bytes), 0)
    let units = ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
    let digits = value >= 100 || unit == 0 ? 0 : value >= 10 ? 1 : 2
    let scale = [1.0, 10, 100][digits]
    let rounded = (value * scale).rounded() / scale
    return (rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)) + units[unit]
  }
}
