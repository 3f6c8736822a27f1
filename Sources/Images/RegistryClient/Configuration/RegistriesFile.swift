// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import LinuxSystem
import OCISpec

extension RegistriesConfiguration {
  /// Reads the operator's file. Throws `invalidArgument` that names the file and the setting.
  package init(file: String) throws(HullError) {
    let bytes = try step("cannot read \(file)") { () throws(SystemError) in try Files.read(file) }
    do {
      self = try JSONDecoder().decode(RegistriesConfiguration.self, from: Data(bytes))
    } catch let error as HullError {
      throw HullError(error.code, "\(file): \(error.message)")
    } catch let error as DecodingError {
      throw HullError(.invalidArgument, "\(file): \(error.reason)")
    } catch {
      throw HullError(.invalidArgument, "\(file): \(error)")
    }
  }
}

extension RegistriesConfiguration: Decodable {
  private enum Key: String, CodingKey, CaseIterable { case registries, insecure, offline, local, proxies, certificateDirectories }

  package init(from decoder: any Decoder) throws {
    self.init()
    let settings = try decoder.settings(Key.self)
    registries = try settings.decodeIfPresent([String: Registry].self, forKey: .registries) ?? registries
    insecure = try settings.decodeIfPresent([String].self, forKey: .insecure) ?? insecure
    offline = try settings.decodeIfPresent(Bool.self, forKey: .offline) ?? offline
    local = try settings.decodeIfPresent([String].self, forKey: .local) ?? local
    proxies = try settings.decodeIfPresent(ProxySettings.self, forKey: .proxies) ?? proxies
    certificateDirectories = try settings.decodeIfPresent([String].self, forKey: .certificateDirectories) ?? certificateDirectories
  }
}

extension RegistriesConfiguration.Registry: Decodable {
  private enum Key: String, CodingKey, CaseIterable { case mirrors, ca, certificate, key, insecure }

  package init(from decoder: any Decoder) throws {
    let settings = try decoder.settings(Key.self)
    self.init(
      mirrors: try settings.decodeIfPresent([Mirror].self, forKey: .mirrors) ?? [],
      tls: try TLSFiles(settings, ca: .ca, certificate: .certificate, key: .key),
      insecure: try settings.decodeIfPresent(Bool.self, forKey: .insecure) ?? false)
  }
}

extension Mirror: Decodable {
  private enum Key: String, CodingKey, CaseIterable { case url, username, password, passwordFile, ca, certificate, key, insecure, resolvesTags }

  package init(from decoder: any Decoder) throws {
    let settings = try decoder.settings(Key.self)
    self.init(
      try WebAddress(settings.decode(String.self, forKey: .url)),
      username: try settings.decodeIfPresent(String.self, forKey: .username) ?? "",
      password: try settings.decodeIfPresent(String.self, forKey: .password) ?? "",
      passwordFile: try settings.decodeIfPresent(String.self, forKey: .passwordFile),
      tls: try TLSFiles(settings, ca: .ca, certificate: .certificate, key: .key),
      insecure: try settings.decodeIfPresent(Bool.self, forKey: .insecure) ?? false,
      resolvesTags: try settings.decodeIfPresent(Bool.self, forKey: .resolvesTags) ?? true)
  }
}

extension ProxySettings: Decodable {
  private enum Key: String, CodingKey, CaseIterable { case http, https, except }

  package init(from decoder: any Decoder) throws {
    let settings = try decoder.settings(Key.self)
    self.init(
      http: try ProxySettings.proxy(settings.decodeIfPresent(String.self, forKey: .http), "proxies.http"),
      https: try ProxySettings.proxy(settings.decodeIfPresent(String.self, forKey: .https), "proxies.https"),
      except: try settings.decodeIfPresent([String].self, forKey: .except) ?? [])
  }
}

extension TLSFiles {
  fileprivate init<Key>(_ settings: KeyedDecodingContainer<Key>, ca: Key, certificate: Key, key: Key) throws {
    self.init(
      authorities: try settings.decodeIfPresent(String.self, forKey: ca).map { [$0] } ?? [],
      certificate: try settings.decodeIfPresent(String.self, forKey: certificate), key: try settings.decodeIfPresent(String.self, forKey: key))
    guard (self.certificate == nil) == (self.key == nil) else {
      throw HullError(.invalidArgument, "a certificate needs its key: give both, \"certificate\" and \"key\"")
    }
  }
}

extension Decoder {
  /// The settings here; one that is not in `Key` is a mistake of whoever wrote it.
  fileprivate func settings<Key: CodingKey & CaseIterable>(_ type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let known = Key.allCases.map(\.stringValue)
    for key in try container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
      throw HullError(.invalidArgument, "unknown setting \(quoted(key.stringValue)): there are \(known.joined(separator: ", "))")
    }
    return try container(keyedBy: type)
  }
}

private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension DecodingError {
  /// What is wrong and where, in one line.
  fileprivate var reason: String {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context), .dataCorrupted(let context):
      let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
      return (path.isEmpty ? "" : "\(path): ") + context.debugDescription
    @unknown default: return "\(self)"
    }
  }
}
