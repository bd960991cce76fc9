// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Subprocess
import Synchronization
import SystemPackage

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A running `snapferry`, and what it has said so far.
struct ChildProcess: Sendable {
    /// What both streams said, line by line.
    struct Words: Sendable {
        var output: [String] = []
        var errors: [String] = []
    }

    /// How a process ended.
    enum Ending: Hashable, Sendable {
        case exited(Int32)
        case signaled(Int32)
    }

    /// A process that has ended.
    struct Ended: Sendable {
        let status: Ending
        let words: Words
        /// From the signal that asked it to stop to its end.
        let stopping: Duration
    }

    private typealias Handle = Execution<NoInput, SequenceOutput, SequenceOutput>

    private let handle: Handle
    private let heard: HeardWords

    /// What it has said so far.
    var words: Words { self.heard.words }

    /// Whether it has closed its output, as it does when it ends.
    var hasEnded: Bool { self.heard.isOver }

    /// Runs a process for as long as `body` takes, then asks it to stop; a process that does not is killed.
    ///
    /// - Parameters:
    ///   - arguments: The command and its options.
    ///   - environment: All of its environment but what finding libraries takes.
    ///   - body: What to do meanwhile.
    /// - Returns: How it ended.
    /// - Throws: What `body` throws.
    static func run(
        _ arguments: [String],
        environment: [String: String],
        _ body: @Sendable (ChildProcess) async throws -> Void
    ) async throws -> Ended {
        let heard = HeardWords()
        let result = try await Subprocess.run(
            .path(FilePath(try Binary.path())),
            arguments: Arguments(arguments),
            environment: self.environment(environment),
            input: .none,
            output: .sequence,
            error: .sequence
        ) { (handle: Handle) -> ContinuousClock.Instant in
            let child = ChildProcess(handle: handle, heard: heard)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await line in handle.standardOutput.strings(bufferingPolicy: .unbounded) {
                        heard.add(output: line)
                    }
                    heard.end()
                }
                group.addTask {
                    for try await line in handle.standardError.strings(bufferingPolicy: .unbounded) {
                        heard.add(error: line)
                    }
                }
                do {
                    try await body(child)
                } catch {
                    await child.stop()
                    throw error
                }
                let asked = ContinuousClock.now
                await child.stop()
                try await group.waitForAll()
                return asked
            }
        }
        return Ended(
            status: Ending(result.terminationStatus),
            words: heard.words,
            stopping: .now - result.closureResult
        )
    }

    /// Ends the process as a crash or an impatient orchestrator would.
    func kill() throws {
        try self.handle.send(signal: .kill)
    }

    /// Asks the process to stop, as an orchestrator does, and waits for nothing.
    func terminate() throws {
        try self.handle.send(signal: .terminate)
    }

    /// SIGTERM, and SIGKILL to what still runs a good while later; returns once the process is gone.
    private func stop() async {
        await self.handle.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(40))])
    }

    private static func environment(_ values: [String: String]) -> Environment {
        var all: [Environment.Key: String] = [:]
        let mine = ProcessInfo.processInfo.environment
        for name in ["PATH", "LD_LIBRARY_PATH", "TMPDIR"] {
            if let value = mine[name] { all[Environment.Key(stringLiteral: name)] = value }
        }
        for (name, value) in values { all[Environment.Key(stringLiteral: name)] = value }
        return .custom(all)
    }
}

extension ChildProcess.Ending {
    fileprivate init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(code)
        case .signaled(let signal): self = .signaled(signal)
        }
    }
}

/// Lines as they come in.
private final class HeardWords: Sendable {
    private struct State {
        var words = ChildProcess.Words()
        var isOver = false
    }

    private let state = Mutex(State())

    var words: ChildProcess.Words { self.state.withLock { $0.words } }

    var isOver: Bool { self.state.withLock { $0.isOver } }

    func add(output line: String) { self.state.withLock { $0.words.output.append(line) } }

    func add(error line: String) { self.state.withLock { $0.words.errors.append(line) } }

    func end() { self.state.withLock { $0.isOver = true } }
}

/// Where the program under test is.
enum Binary {
    struct NotFound: Error, CustomStringConvertible {
        let description: String
    }

    /// `SNAPFERRY_BINARY`, or the program that was built together with these tests.
    static func path() throws -> String {
        if let path = ProcessInfo.processInfo.environment["SNAPFERRY_BINARY"], !path.isEmpty { return path }
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = bundle.split(separator: "/").dropLast().joined(separator: "/")
        let path = "/\(folder)/snapferry"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw NotFound(description: "\(path) is not there: build it, or set SNAPFERRY_BINARY")
        }
        return path
    }
}
