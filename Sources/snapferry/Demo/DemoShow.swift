// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ServiceLifecycle
import Synchronization

/// Shows a demo to whoever looks: frames on a terminal, lines anywhere else, and the closing report.
struct DemoShow: Service {
    let runner: DemoRunner
    let isPlain: Bool
    let style: Style
    let output: LineOutput
    /// Where the exit status is left for the command.
    let outcome: DemoOutcome

    private static let frame = Duration.milliseconds(100)

    /// Runs the demo to its end; an interrupt ends it early and gives the terminal back first.
    func run() async throws {
        let began = ContinuousClock.now
        let verdict: DemoVerdict
        do {
            verdict = try await cancelWhenGracefulShutdown { try await self.perform() }
        } catch is CancellationError {
            self.output.write("interrupted")
            self.outcome.set(130)
            return
        }
        let report = DemoReport(
            board: self.runner.scoreboard.board,
            story: self.runner.story,
            verdict: verdict,
            now: self.runner.time.now(),
            wallTime: ContinuousClock.now - began
        )
        let width = self.isPlain ? 120 : TerminalWindow.current.width
        for line in report.lines(width: width) { self.output.write(line.rendered(self.style)) }
        self.outcome.set(verdict.problems(story: self.runner.story).isEmpty ? 0 : 1)
    }

    private func perform() async throws -> DemoVerdict {
        try await withThrowingTaskGroup(of: DemoVerdict?.self) { group in
            group.addTask { try await self.runner.run() }
            group.addTask {
                if self.isPlain { await self.print() } else { try await self.paint() }
                return nil
            }
            // The group's end waits for the painter, which gives the terminal back.
            defer { group.cancelAll() }
            while let verdict = try await group.next() {
                if let verdict { return verdict }
            }
            throw CancellationError()
        }
    }

    /// Paints frames until cancelled, and takes keys meanwhile.
    private func paint() async throws {
        var painter = TerminalPainter(style: self.style)
        let keyboard = Keyboard()
        self.output.write(raw: TerminalPainter.begin(height: TerminalWindow.current.height))
        defer {
            keyboard?.restore()
            self.output.write(raw: TerminalPainter.end)
        }
        while !Task.isCancelled {
            let window = TerminalWindow.current
            var scene = self.runner.present
            scene.takesKeys = scene.takesKeys && keyboard != nil
            let screen = DemoScreen(board: self.runner.scoreboard.board, scene: scene, story: self.runner.story)
            let text = painter.frame(screen.lines(width: window.width, height: window.height), height: window.height)
            if !text.isEmpty { self.output.write(raw: text) }
            for key in keyboard?.pressed() ?? [] {
                if key == "q" { throw CancellationError() }
                self.runner.press(key)
            }
            guard (try? await Task.sleep(for: Self.frame)) != nil else { return }
        }
    }

    /// Prints what happens, line by line, until cancelled.
    private func print() async {
        let story = self.runner.story
        let count = story.databases.count
        self.output.write(
            "snapferry demo: \(count) databases, \(story.source) to \(story.destination), simulated times"
        )
        var seen = 0
        while true {
            let isOver = Task.isCancelled
            let board = self.runner.scoreboard.board
            for note in board.notes(after: seen) { self.output.write(DemoScreen.line(of: note).rendered(.plain)) }
            seen = board.notesMade
            if isOver { return self.output.write("") }
            // Whether the sleep was cut short shows in the next round, after the last notes.
            try? await Task.sleep(for: Self.frame)
        }
    }
}

/// The exit status of a demo.
final class DemoOutcome: Sendable {
    private let status = Mutex<Int32>(1)

    /// Left at 1 until somebody knows better.
    var exitStatus: Int32 { self.status.withLock { $0 } }

    func set(_ status: Int32) { self.status.withLock { $0 = status } }
}
