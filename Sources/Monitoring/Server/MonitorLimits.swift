// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What a server puts up with.
package struct MonitorLimits: Sendable {
    /// Connections at once; one more takes the place of the one that has been idle for longest.
    package var connections = 64
    /// How long a client may take to send a request, and again to read the answer; an idle connection ends after it.
    package var patience: Duration = .seconds(10)
    /// Bytes of a request's first line and headers, each and together.
    package var headerBytes = 8192
    package var headerCount = 64

    package init() {}
}
