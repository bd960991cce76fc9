// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Waits for an answer, but not for ever: somebody is looking at a screen.
package enum Patience {
    /// Waits for `body`, which is cancelled when its time is over.
    ///
    /// - Throws: ``AWSError`` with code `timedOut` when it is, or what `body` throws.
    package static func wait<Value: Sendable>(
        _ limit: Duration,
        for body: @escaping @Sendable () async throws -> Value
    ) async throws(AWSError) -> Value {
        do {
            return try await withThrowingTaskGroup(of: Value?.self) { group in
                group.addTask { try await body() }
                group.addTask {
                    try? await Task.sleep(for: limit)
                    return nil
                }
                defer { group.cancelAll() }
                if let value = try await group.next() ?? nil { return value }
                throw AWSError(.timedOut, message: "no answer within \(Int(limit.inSeconds)) s")
            }
        } catch let error as AWSError {
            throw error
        } catch {
            throw AWSError(.cancelled, message: "given up")
        }
    }
}
