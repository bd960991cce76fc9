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

/// Why a server could not listen on its address.
package struct BindFailure: Error, Hashable, CustomStringConvertible {
    package let address: ListenAddress
    /// Whether somebody else listens there.
    package let isTaken: Bool
    private let problem: String

    init(_ address: ListenAddress, _ error: any Error) {
        let code = (error as? IOError)?.errnoCode
        self.address = address
        self.isTaken = code == EADDRINUSE
        self.problem =
            switch code {
            case EADDRINUSE: "the port is taken"
            case EACCES: "this user may not take the port"
            case EADDRNOTAVAIL: "no such address on this machine"
            default: "\(error)"
            }
    }

    package var description: String { "can't listen on \(self.address): \(self.problem)" }
}
