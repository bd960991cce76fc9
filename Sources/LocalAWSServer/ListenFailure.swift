// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Why an embedded AWS could not listen on its address.
package struct ListenFailure: Error, Hashable, CustomStringConvertible {
    package let host: String
    package let port: Int
    /// What the system said, in one line.
    package let problem: String

    init(host: String, port: Int, _ error: any Error) {
        self.host = host
        self.port = port
        self.problem =
            switch (error as? IOError)?.errnoCode {
            case EADDRINUSE: "the port is taken"
            case EACCES: "this user may not take the port"
            case EADDRNOTAVAIL: "no such address on this machine"
            default: "\(error)"
            }
    }

    package var description: String { "can't listen on \(self.host) port \(self.port): \(self.problem)" }
}
