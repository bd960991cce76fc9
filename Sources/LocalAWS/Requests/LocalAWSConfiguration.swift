// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// How an embedded AWS is set up.
package struct LocalAWSConfiguration: Sendable {
    /// The address to listen on; loopback unless told otherwise, because the keys are no secret.
    package var host = "127.0.0.1"
    /// 0 for any free one.
    package var port = 0
    /// The world's clock.
    package var time = SystemTimeSource()
    package var keys = AccessKeyRegistry()
    package var verifiesSignatures = true
    package var faults = FaultScript()
    /// What is there from the start.
    package var seed = SeedData()
    /// The behaviour of the services, as `PUT /_local/settings` takes it; `nil` for the defaults.
    package var settings: JSONValue?

    package init() {}
}
