// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Errors
import RegistryServer

/// When what nobody needs goes.
struct CareOptions: ParsableArguments {
  @Option(help: "Time between collections while serving; 'never' for none.")
  var collectEvery = "1h"

  @Option(help: "How long a blob stays that no manifest needs.")
  var grace = "1h"

  @Option(help: "How long an upload stays that nobody goes on with.")
  var uploadAge = "24h"

  func apply(to settings: inout CareSettings) throws(HullError) {
    settings.interval = collectEvery == "never" ? nil : try Quantity.seconds(collectEvery)
    settings.grace = try Quantity.seconds(grace)
    settings.uploadAge = try Quantity.seconds(uploadAge)
  }
}
