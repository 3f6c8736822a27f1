// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import OCISpec

/// The hub's page: three texts that are part of the program. Nothing is fetched from elsewhere, and nothing that an image says is markup.
enum PageFiles {
  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    + "frame-ancestors 'none'"

  static func add(to router: Router<RegistryContext>) {
    for path in ["/", "/r/**"] as [RouterPath] {
      router.get(path) { request, _ in answer(PageMarkup.text, "text/html; charset=utf-8", request) }
    }
    router.get("/hub/app.css") { request, _ in answer(PageStyle.text, "text/css; charset=utf-8", request) }
    router.get("/hub/app.js") { request, _ in answer(PageScript.text + PageViews.text, "text/javascript; charset=utf-8", request) }
    router.get("/hub/icon.svg") { request, _ in answer(PageMarkup.icon, "image/svg+xml", request) }
  }

  private static func answer(_ text: String, _ type: String, _ request: Request) -> Response {
    let headers: HTTPFields = [
      .contentType: type, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff", .contentSecurityPolicy: policy, .referrerPolicy: "no-referrer",
    ]
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}

extension Field.Name {
  fileprivate static let referrerPolicy = Self("Referrer-Policy")!
}
