// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Synchronization
import UnixSignals

/// Lets a command give back what it holds when somebody presses Ctrl-C.
enum Interruption {
    /// Runs `body`; SIGINT and SIGTERM cancel it instead of ending the process at once.
    ///
    /// - Parameters:
    ///   - onSignal: Is asked at each signal, and says whether to cancel.
    ///   - body: What to do; it ends by itself once it is cancelled.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    static func cancels<Result: Sendable>(
        onSignal: @escaping @Sendable () async -> Bool = { true },
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let work = Task { try await body() }
        let watch = Task {
            for await _ in signals where await onSignal() { work.cancel() }
        }
        defer { watch.cancel() }
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            work.cancel()
        }
    }
}
