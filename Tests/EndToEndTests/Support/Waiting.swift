// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Something did not happen in time.
struct DeadlinePassed: Error, CustomStringConvertible {
    let description: String
}

/// Asks again and again until there is an answer.
///
/// - Parameters:
///   - what: What is waited for, to name it when it does not come.
///   - limit: How long at most; far more than it takes, since a machine may be busy.
///   - probe: `nil` for not yet.
/// - Returns: The answer.
/// - Throws: ``DeadlinePassed``, or what `probe` throws.
@discardableResult
func eventually<Value>(
    _ what: String,
    within limit: Duration = .seconds(90),
    _ probe: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try await probe() { return value }
        guard ContinuousClock.now < deadline else {
            throw DeadlinePassed(description: "waited \(limit) in vain: \(what)")
        }
        try await Task.sleep(for: .milliseconds(50))
    }
}

/// Waits until something is so.
func eventually(_ what: String, within limit: Duration = .seconds(90), _ probe: () async throws -> Bool) async throws {
    try await eventually(what, within: limit) { try await probe() ? true : nil }
}

/// A file that lasts as long as its reader.
func withTemporaryFile<Value>(_ text: String, _ body: (String) async throws -> Value) async throws -> Value {
    let path = FileManager.default.temporaryDirectory.appending(path: "snapferry-\(UUID().uuidString).json")
        .path(percentEncoded: false)
    try Data(text.utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// Puts other text into a file, all at once, as whoever rotates tokens does.
func overwriteFile(_ path: String, with text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
}

/// Lets only so many worlds run at once: each is two processes, and the machine may have two cores.
actor Turnstile {
    static let worlds = Turnstile(places: 3)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { self.free = places }

    func pass<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        await self.enter()
        defer { self.leave() }
        return try await body()
    }

    private func enter() async {
        guard self.free == 0 else {
            self.free -= 1
            return
        }
        await withCheckedContinuation { self.waiting.append($0) }
    }

    private func leave() {
        if self.waiting.isEmpty { self.free += 1 } else { self.waiting.removeFirst().resume() }
    }
}
