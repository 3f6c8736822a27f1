// SPDX-License-Identifier: Apache-2.0
// HullCommands: the client. A file for each verb, nouns as folders.
//
// Foundation and swift-argument-parser stay out on purpose. A static program without them starts in about a millisecond; a parser with the
// flags of `run` built on ArgumentParser took ten milliseconds before it did anything (release, static), half of what a whole `hull run` may
// take. It also has no word for what docker's flags need: values joined to short flags (`-p8080:80`), switches with values (`--rm=false`),
// flags that end at the image's name.
