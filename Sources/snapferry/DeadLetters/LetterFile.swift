// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Keeps a copy of letters on disk before they are deleted: a JSON document a line.
enum LetterFile {
    /// The name of a file that nobody named: `dead-letters-20261122T081500Z.jsonl`, in UTC.
    static func standardName(at now: Instant) -> String {
        let stamp = now.iso8601.prefix(19).filter { $0 != "-" && $0 != ":" }
        return "dead-letters-\(stamp)Z.jsonl"
    }

    /// Writes the letters, and returns once they are on the disk.
    ///
    /// - Throws: ``LookFailure`` when there is a file of that name already, or it can't be written.
    static func write(_ entries: [DeadLetterEntry], retention: Duration?, to path: String) throws(LookFailure) {
        let text = entries.map { Self.line($0, retention) }.joined()
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let why = errno == EEXIST ? "is there already" : "can't be written (\(String(cString: strerror(errno))))"
            throw LookFailure("\(path.excerpt(300)) \(why): nothing is dropped; name another file by --save")
        }
        defer { close(descriptor) }
        guard Self.writeAll(Array(text.utf8), to: descriptor), fsync(descriptor) == 0, Self.syncFolder(of: path) else {
            throw LookFailure(
                "\(path.excerpt(300)) can't be written (\(String(cString: strerror(errno)))): nothing is dropped"
            )
        }
    }

    private static func line(_ entry: DeadLetterEntry, _ retention: Duration?) -> String {
        let members = entry.document(retention: retention).merging([
            "body": .string(entry.body), "attributes": .object(entry.attributes.mapValues { .string($0) }),
        ]) { $1 }
        return JSONValue.object(members).description + "\n"
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }

    /// The file's name is in its folder, which has to be on the disk as well.
    private static func syncFolder(of path: String) -> Bool {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0
    }
}
