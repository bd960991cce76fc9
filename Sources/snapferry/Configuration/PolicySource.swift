// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Where the policy comes from.
enum PolicySource {
    /// Reads the policy from a file, or from the environment's `SNAPFERRY_…` variables when there is none.
    ///
    /// - Throws: ``ConfigurationError``, which names every mistake at once.
    static func read(path: String?, environment: [String: String]) throws(ConfigurationError) -> Policy {
        do {
            if let path, !path.isEmpty { return try self.read(file: path) }
            if let policy = try Policy.fromEnvironment(environment) { return policy }
        } catch let error as PolicyError {
            throw ConfigurationError(error.description)
        } catch {
            throw ConfigurationError("\(error)")
        }
        throw ConfigurationError(
            "no policy: set SNAPFERRY_POLICY to a file, or SNAPFERRY_SOURCE_REGIONS and SNAPFERRY_DESTINATIONS"
        )
    }

    private static func read(file path: String) throws -> Policy {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError("the policy file \(path) can't be read")
        }
        return try PolicyDocument.parse(Array(data), source: path)
    }
}
