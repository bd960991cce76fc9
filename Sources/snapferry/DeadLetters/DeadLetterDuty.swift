// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import SnapshotFleet

/// What the `dlq` commands have in common: finding the queue, ending by Ctrl-C, and how they fail.
enum DeadLetterDuty {
    /// Runs a command's work.
    ///
    /// - Parameters:
    ///   - options: Where the queue is.
    ///   - clock: The embedded AWS's, where there is one.
    ///   - onSignal: Is asked at each Ctrl-C, and says whether to end.
    ///   - work: What to do; returns the exit status, and gives back what it holds once it is cancelled.
    /// - Throws: `ExitCode`, when the status is not 0.
    static func run(
        _ options: OperatorOptions,
        _ clock: ClockOption?,
        onSignal: @escaping @Sendable () async -> Bool = { true },
        _ work: @escaping @Sendable (DeadLetterDesk) async throws -> Int32
    ) async throws {
        let time: any TimeSource = clock?.time ?? SystemTimeSource()
        let status: Int32
        do {
            status = try await Interruption.cancels(onSignal: onSignal) {
                try await work(try await DeadLetterDesk(options, time))
            }
        } catch let failure as LookFailure {
            throw failure.exit
        } catch let error as AWSError where error.code != .cancelled {
            throw LookFailure("\(error)").exit
        } catch is CancellationError {
            throw Self.stopped
        } catch is AWSError {
            throw Self.stopped
        }
        if status != 0 { throw ExitCode(status) }
    }

    private static var stopped: ExitCode {
        LineOutput.standardError.write("snapferry: stopped; letters that were not dealt with are back in the queue")
        return ExitCode(1)
    }

    /// Shows lines as the terminal allows.
    static func show(_ lines: (_ width: Int) -> [StyledLine]) {
        let isTerminal = TerminalWindow.isTerminal
        let style = Style.allowed(isTerminal: isTerminal, environment: TerminalWindow.environment)
        for line in lines(isTerminal ? TerminalWindow.current.width : 160) {
            LineOutput.standardOutput.write(line.rendered(style))
        }
    }

    static func show(problems: [String]) {
        for problem in problems { LineOutput.standardError.write("snapferry: could not look: \(problem)") }
    }
}
