// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Synchronization

/// Keeps a worker's readiness and tells of each change once.
final class ReadinessKeeper: Sendable {
    private let state = Mutex(Readiness())
    private let notifier: any Notifier
    private let time: any TimeSource

    init(notifier: any Notifier, time: any TimeSource) {
        self.notifier = notifier
        self.time = time
    }

    var current: Readiness { self.state.withLock { $0 } }

    /// Makes a call and notes what it says about what it depends on.
    ///
    /// - Parameters:
    ///   - dependency: What the call is made to.
    ///   - operation: What is tried.
    ///   - usesOwnCredentials: Whether it is signed with the fleet's own credentials, and nothing else.
    ///   - body: The call.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    func watch<Value: Sendable>(
        _ dependency: Readiness.Dependency,
        _ operation: FailureTable.Operation,
        usesOwnCredentials: Bool = true,
        _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body()
            self.worked(dependency)
            if usesOwnCredentials { self.worked(.credentials) }
            return value
        } catch {
            switch DependencyFinding(error, of: operation) {
            case .works: self.worked(dependency)
            case .fails(let detail): self.failed(dependency, detail)
            case .credentialsFail(let detail): self.failed(usesOwnCredentials ? .credentials : dependency, detail)
            case nil: break
            }
            throw error
        }
    }

    func worked(_ dependency: Readiness.Dependency) { self.note { $0.worked(dependency, at: $1) } }

    func failed(_ dependency: Readiness.Dependency, _ detail: String) {
        self.note { $0.failed(dependency, detail: detail, at: $1) }
    }

    private func note(_ body: (inout Readiness, Instant) -> Readiness.Change?) {
        let now = self.time.now()
        let (change, readiness) = self.state.withLock { state in
            let change = body(&state, now)
            return (change, state)
        }
        if let change { self.notifier.notify(.readinessChanged(change, readiness), at: now) }
    }
}
