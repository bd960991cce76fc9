// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reads a whole file; throws whatever says best why it can't.
package typealias FileReader = @Sendable (_ path: String) throws -> [UInt8]

/// The files of this machine.
package enum SystemFiles {
    /// Reads a file.
    @Sendable
    package static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
