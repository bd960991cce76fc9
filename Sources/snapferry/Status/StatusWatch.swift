// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ServiceLifecycle
import SnapshotFleet
import Synchronization

/// Shows a status that goes on changing: on a terminal in place, elsewhere one after the other.
struct StatusWatch: Service {
    /// How often keys and the window's size are looked at.
    private static let frame = Duration.milliseconds(100)
    /// Between two readings of the dead letters, which others don't see meanwhile.
    private static let letterPause = Duration.seconds(30)

    let bridge: OperatorBridge
    let time: any TimeSource
    /// From the end of one look to the beginning of the next.
    let interval: Duration
    let isJSON: Bool
    let isTerminal: Bool
    let style: Style
    let output: LineOutput
    let outcome: StatusOutcome

    /// Watches until it is interrupted; the last look's exit status is left in ``outcome``.
    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                if self.isTerminal, !self.isJSON { try await self.paint() } else { try await self.print() }
            }
        } catch is CancellationError {}
    }

    /// The latest look, shared by who looks and who paints.
    private final class Board: Sendable {
        let status = Mutex<FleetStatus?>(nil)
    }

    private func look(_ board: Board, _ sawLetters: inout ContinuousClock.Instant?) async throws -> FleetStatus {
        let last = board.status.withLock { $0 }
        let readsLetters = sawLetters.map { ContinuousClock.now - $0 >= Self.letterPause } ?? true
        var status = await FleetSurvey(self.bridge, readsLetters: readsLetters).look(at: self.time.now(), after: last)
        try Task.checkCancellation()
        if readsLetters { sawLetters = .now } else { status.letters = last?.letters }
        let next = status
        board.status.withLock { $0 = next }
        self.outcome.set(status.exitStatus)
        return status
    }

    private func print() async throws {
        let board = Board()
        var sawLetters: ContinuousClock.Instant?
        while true {
            let page = StatusPage(status: try await self.look(board, &sawLetters))
            if self.isJSON {
                self.output.write(page.document.description)
            } else {
                self.output.write(LocalTime.dateAndTime(page.status.now))
                for line in page.lines(width: 160) { self.output.write(line.rendered(self.style)) }
                self.output.write("")
            }
            try await Task.sleep(for: self.interval)
        }
    }

    private func paint() async throws {
        let board = Board()
        let keyboard = Keyboard()
        self.output.write(raw: TerminalPainter.begin(height: TerminalWindow.current.height))
        defer {
            keyboard?.restore()
            self.output.write(raw: TerminalPainter.end)
            // What was seen last stays, as after a look without --watch.
            if let status = board.status.withLock({ $0 }) {
                let lines = StatusPage(status: status).lines(width: TerminalWindow.current.width)
                for line in lines { self.output.write(line.rendered(self.style)) }
            }
        }
        try await withThrowingTaskGroup { group in
            group.addTask {
                var sawLetters: ContinuousClock.Instant?
                while true {
                    _ = try await self.look(board, &sawLetters)
                    try await Task.sleep(for: self.interval)
                }
            }
            defer { group.cancelAll() }
            var painter = TerminalPainter(style: self.style)
            while true {
                let window = TerminalWindow.current
                let lines = self.frame(board.status.withLock { $0 }, window, takesKeys: keyboard != nil)
                let text = painter.frame(lines, height: window.height)
                if !text.isEmpty { self.output.write(raw: text) }
                if keyboard?.pressed().contains("q") == true { return }
                try await Task.sleep(for: Self.frame)
            }
        }
    }

    /// What is on the screen: as much of the page as there is room for, and how much is not.
    private func frame(_ status: FleetStatus?, _ window: TerminalWindow, takesKeys: Bool) -> [StyledLine] {
        var title = StyledLine("snapferry status", .strong)
        guard let status else {
            title.append("  looking …", .faint)
            return [title.truncated(to: window.width)]
        }
        title.append("  \(LocalTime.dateAndTime(status.now))", .accent)
        title.append("  every \(HumanUnits.short(self.interval))" + (takesKeys ? ", q ends" : ""), .faint)
        let lines = [title, ""] + StatusPage(status: status).lines(width: window.width)
        guard lines.count > window.height, window.height > 1 else {
            return lines.map { $0.truncated(to: window.width) }
        }
        let hidden = lines.count - window.height + 1
        return lines.prefix(window.height - 1).map { $0.truncated(to: window.width) }
            + [StyledLine("… \(hidden) more lines", .faint).truncated(to: window.width)]
    }
}

/// The exit status of a watch: that of its last look.
final class StatusOutcome: Sendable {
    private let status = Mutex<Int32>(0)

    var exitStatus: Int32 { self.status.withLock { $0 } }

    func set(_ status: Int32) { self.status.withLock { $0 = status } }
}
