// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What is fuzzed: a reader of something that comes from outside, and what it promises for any bytes at all.
///
/// The raw value names the target on the command line, and its seeds' folder.
package enum FuzzTarget: String, Sendable, CaseIterable {
    /// Messages of the job queue.
    case events
    case policy
    case xml
    case json
    /// What a service answers instead of success.
    case errors
    /// `~/.aws/config` and `~/.aws/credentials`.
    case config
    /// ARNs of snapshots, and the names of copies that are made of them.
    case arn

    /// Has the bytes read, and checks what was promised of the result.
    ///
    /// - Throws: ``BrokenPromise``.
    package func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        switch self {
        case .events: try EventPromises.check(bytes)
        case .policy: try PolicyPromises.check(bytes)
        case .xml: try XMLPromises.check(bytes)
        case .json: try JSONPromises.check(bytes)
        case .errors: try ServiceErrorPromises.check(bytes)
        case .config: try SharedConfigPromises.check(bytes)
        case .arn: try SnapshotARNPromises.check(bytes)
        }
    }
}

/// What a reader did that it never should, whatever it was given.
package struct BrokenPromise: Error, CustomStringConvertible {
    /// What should hold, and what was found.
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Throws where a promise does not hold.
func require(_ holds: Bool, _ promise: @autoclosure () -> String) throws(BrokenPromise) {
    if !holds { throw BrokenPromise(promise()) }
}

extension StringProtocol {
    /// Whether this can go to a log or a terminal as it is, and is no longer than so many scalars.
    func isFit(_ limit: Int) -> Bool {
        self.unicodeScalars.count <= limit
            && self.unicodeScalars.allSatisfy { ![.control, .lineSeparator].contains($0.properties.generalCategory) }
    }
}
