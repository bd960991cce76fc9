// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import CTransport
import Dispatch
import Synchronization

/// Carries HTTP requests with curl, every transfer on one thread, so that no curl handle is ever touched by two.
///
/// Callers hand over values and await a result; the handles are made, driven and freed on the loop's own thread, and
/// connections are kept for the next request to the same host. The thread ends at ``shutdown()``, or when nobody holds
/// the loop any more.
package final class TransferLoop: HTTPTransport {
    /// The largest answer taken unless told otherwise: 32 MiB.
    package static let defaultResponseLimit = 32 * 1024 * 1024

    private let driver: TransferDriver
    private let ids = Atomic<UInt64>(0)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - caBundle: A PEM file of certificates to trust instead of the system's; `nil` for those.
    ///   - responseLimit: The largest body taken, in bytes.
    /// - Throws: ``AWSError`` with code `unavailable` when curl can't start.
    package init(caBundle: String? = nil, responseLimit: Int = defaultResponseLimit) throws(AWSError) {
        self.driver = try TransferDriver(caBundle: caBundle, responseLimit: responseLimit)
        DispatchQueue(label: "snapferry.transfers").async { [driver] in driver.run() }
    }

    deinit {
        self.driver.stop()
    }

    package func send(_ request: HTTPRequest) async throws(AWSError) -> HTTPResponse {
        let id = self.ids.add(1, ordering: .relaxed).newValue
        let driver = self.driver
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                driver.submit(Inbox.Job(id: id, request: request, continuation: continuation))
            }
        } onCancel: {
            driver.cancel(id)
        }
        driver.forget(id)
        return try result.get()
    }

    /// Fails what is in flight with code `cancelled` and ends the thread; later requests fail at once.
    package func shutdown() {
        self.driver.stop()
    }
}

/// The loop's thread and what it shares with callers.
///
/// The only call made to curl from another thread is `curl_multi_wakeup`, which curl documents as safe.
private final class TransferDriver: Sendable {
    /// Runs once in a process, on first use.
    private static let globalInitCode: Int32 = ctransport_global_init()

    private let inbox = Mutex(Inbox())
    private let multi: SendablePointer
    private let caBundle: String?
    private let responseLimit: Int

    init(caBundle: String?, responseLimit: Int) throws(AWSError) {
        guard Self.globalInitCode == 0, let multi = ctransport_multi_new() else {
            throw AWSError(.unavailable, message: "curl could not allocate a multi handle")
        }
        self.multi = SendablePointer(raw: multi)
        self.caBundle = caBundle
        self.responseLimit = responseLimit
    }

    /// The running thread holds this object, so it has ended, and every transfer with it.
    deinit {
        ctransport_multi_free(self.multi.raw)
    }

    func submit(_ job: Inbox.Job) {
        // Decide under the lock, resume outside it: cancellation takes the task's own lock.
        let isAccepted = self.inbox.withLock { $0.accept(job) }
        if isAccepted {
            self.wake()
        } else {
            job.continuation.resume(returning: .failure(AWSError(.cancelled, message: "cancelled before sending")))
        }
    }

    func cancel(_ id: UInt64) {
        self.inbox.withLock { $0.cancel(id) }
        self.wake()
    }

    func forget(_ id: UInt64) {
        self.inbox.withLock { $0.forget(id) }
    }

    func stop() {
        self.inbox.withLock { $0.isStopping = true }
        self.wake()
    }

    private func wake() {
        _ = ctransport_multi_wakeup(self.multi.raw)
    }

    func run() {
        var active: [OpaquePointer: ActiveTransfer] = [:]
        var spare = SpareHandles()
        while true {
            let (arrivals, cancelled, isStopping) = self.inbox.withLock { $0.drain() }
            for job in arrivals {
                let started = ActiveTransfer.start(
                    job,
                    on: self.multi.raw,
                    with: &spare,
                    caBundle: self.caBundle,
                    bodyLimit: self.responseLimit
                )
                if let (pointer, transfer) = started { active[pointer] = transfer }
            }
            if isStopping || !cancelled.isEmpty {
                for (pointer, transfer) in active where isStopping || cancelled.contains(transfer.job.id) {
                    self.drop(pointer, from: &active)
                    transfer.finish(.failure(AWSError(.cancelled, message: "cancelled in flight")))
                }
            }
            if isStopping { break }
            self.advance(&active, &spare)
            // What is done is collected before the wait: to wait straight after performing can cost its whole length. A
            // wakeup sent since the last wait ends this one at once, so no request is left lying.
            _ = ctransport_multi_wait(self.multi.raw, 1000)
        }
    }

    private func advance(_ active: inout [OpaquePointer: ActiveTransfer], _ spare: inout SpareHandles) {
        guard ctransport_multi_perform(self.multi.raw) == 0 else {
            // curl has lost its footing (out of memory, a bug): nobody may be left waiting for it.
            for (pointer, transfer) in active {
                self.drop(pointer, from: &active)
                transfer.finish(.failure(AWSError(.unavailable, message: "curl gave up on its transfers")))
            }
            return
        }
        var code: Int32 = 0
        while let pointer = ctransport_multi_next_done(self.multi.raw, &code) {
            guard let transfer = self.drop(pointer, from: &active) else { continue }
            transfer.complete(code)
            spare.put(transfer.handle)
        }
    }

    /// Takes a transfer away from curl; the handle stays with the transfer.
    @discardableResult
    private func drop(_ pointer: OpaquePointer, from active: inout [OpaquePointer: ActiveTransfer]) -> ActiveTransfer? {
        _ = ctransport_multi_remove(self.multi.raw, pointer)
        return active.removeValue(forKey: pointer)
    }
}

/// A C handle that may cross threads: freed by its owner alone, and only woken from elsewhere.
private struct SendablePointer: @unchecked Sendable {
    let raw: OpaquePointer
}
