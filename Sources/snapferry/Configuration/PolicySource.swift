// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Where the policy comes from: a file, standard input, the text itself, or variables.
enum PolicySource {
    /// A policy as it was written, and what to call it in errors.
    struct Text: Sendable {
        let bytes: [UInt8]
        let name: String
    }

    /// More than any policy has.
    private static let longest = 4 << 20

    /// What is said where there is no policy at all.
    static let nothing =
        "no policy: set SNAPFERRY_POLICY to a file, or SNAPFERRY_SOURCE_REGIONS and SNAPFERRY_DESTINATIONS"

    /// Reads the policy from where `path` says, or from the environment's `SNAPFERRY_…` variables when it says nothing.
    ///
    /// - Throws: ``ConfigurationError``, which names every mistake at once.
    static func read(
        path: String?,
        environment: [String: String],
        input: () -> [UInt8]? = Self.standardInput
    ) throws(ConfigurationError) -> Policy {
        let text = try self.text(path: path, input: input)
        do throws(PolicyError) {
            if let text { return try PolicyDocument.parse(text.bytes, source: text.name) }
            if let policy = try Policy.fromEnvironment(environment) { return policy }
        } catch {
            throw ConfigurationError(error.description)
        }
        throw ConfigurationError(self.nothing)
    }

    /// Finds a policy that is a document.
    ///
    /// - Parameters:
    ///   - path: A file, `-` for standard input, or the document itself, which begins with `{` or a comment.
    ///   - input: Standard input; `nil` when it can't be read.
    /// - Returns: `nil` when there is no path.
    /// - Throws: ``ConfigurationError`` for what can't be read.
    static func text(path: String?, input: () -> [UInt8]?) throws(ConfigurationError) -> Text? {
        guard let path, !path.isEmpty else { return nil }
        if path == "-" {
            guard let bytes = input() else {
                throw ConfigurationError("the policy on standard input can't be read, or is longer than 4 MiB")
            }
            return Text(bytes: bytes, name: "standard input")
        }
        // ECS puts what it finds in the parameter store into a variable.
        let beginning = path.drop { $0.isWhitespace }
        if beginning.hasPrefix("{") || beginning.hasPrefix("/*") || beginning.hasPrefix("//") && path.contains("{") {
            return Text(bytes: Array(path.utf8), name: "SNAPFERRY_POLICY")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError("the policy file \(path.excerpt(300)) can't be read")
        }
        return Text(bytes: Array(data), name: path)
    }

    /// All of standard input; `nil` where it can't be read or has no end in sight.
    @Sendable static func standardInput() -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= self.longest {
            let count = Self.readInput(&buffer)
            if count == 0 { return bytes }
            if count < 0 {
                guard errno == EINTR else { return nil }
                continue
            }
            bytes += buffer.prefix(count)
        }
        return nil
    }

    private static func readInput(_ buffer: inout [UInt8]) -> Int {
        #if canImport(Glibc)
        Glibc.read(STDIN_FILENO, &buffer, buffer.count)
        #elseif canImport(Musl)
        Musl.read(STDIN_FILENO, &buffer, buffer.count)
        #else
        Darwin.read(STDIN_FILENO, &buffer, buffer.count)
        #endif
    }
}
