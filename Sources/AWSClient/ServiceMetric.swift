// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Names of what is measured of calls.
package enum ServiceMetric {
    /// Counter, by `service`, `operation` and `outcome`: attempts.
    package static let requests = "snapferry.aws.requests"
    /// Counter, by `service` and `operation`: attempts that were made again.
    package static let retries = "snapferry.aws.retries"
    /// Timer, by `service` and `operation`: how long an attempt took.
    package static let duration = "snapferry.aws.duration"
}
