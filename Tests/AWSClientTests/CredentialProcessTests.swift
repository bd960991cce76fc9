// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite("Credential process", .timeLimit(.minutes(5)))
struct CredentialProcessTests {
    @Test(
        "splits a line as a shell does",
        arguments: [
            ("a b  c", ["a", "b", "c"]), (#""/opt/my tool" --x 'a "b"'"#, ["/opt/my tool", "--x", "a \"b\""]),
            (#"a\ b "c\"d" "e\n" 'f\'"#, ["a b", "c\"d", "e\\n", "f\\"]), ("a''b \"\"", ["ab", ""]),
            ("x=$HOME;*|y", ["x=$HOME;*|y"]), ("", []), (" \t\n", []), ("a'", nil), ("\"a", nil), ("a\\", nil),
        ] as [(String, [String]?)]
    )
    func splits(line: String, words: [String]?) {
        #expect(ShellWords.split(line) == words)
    }

    private func provider(_ answer: String, command: String = "tool get") throws -> CredentialProcess {
        try CredentialProcess(SharedConfigFile.Setting(text: command, place: "config:3")) { (arguments) in
            #expect(arguments == ["tool", "get"])
            return Array(answer.utf8)
        }
    }

    @Test("reads version 1, temporary and not")
    func reads() async throws {
        let lasting = try await self.provider(#"{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S"}"#)
            .credentials()
        #expect(lasting == Credentials(accessKeyID: "A", secretAccessKey: "S"))
        let temporary = try await self.provider(
            """
            {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T",
             "Expiration": "2027-01-15T08:00:00Z", "AccountId": "111122223333"}
            """
        ).credentials()
        #expect(temporary.sessionToken == "T")
        #expect(temporary.expiration == Instant(iso8601: "2027-01-15T08:00:00Z"))
        #expect(temporary.accountID == "111122223333")
    }

    @Test(
        "refuses anything else, and repeats nothing of it",
        arguments: [
            "", "hush", "[1]", #"{"AccessKeyId": "hush", "SecretAccessKey": "hush"}"#,
            #"{"Version": 2, "AccessKeyId": "hush", "SecretAccessKey": "hush"}"#,
            #"{"Version": 1, "SecretAccessKey": "hush"}"#,
            #"{"Version": 1, "AccessKeyId": "hush", "SecretAccessKey": "hush", "Expiration": "hush"}"#,
        ]
    )
    func refuses(answer: String) async throws {
        let provider = try self.provider(answer)
        let error = try #require(await #expect(throws: AWSError.self) { try await provider.credentials() })
        #expect(error.code == .noCredentials)
        #expect(!error.message.contains("hush"))
    }

    @Test("a line without words names its place", arguments: ["'", "   "])
    func badLine(command: String) throws {
        let error = try #require(throws: AWSError.self) { try self.provider("", command: command) }
        #expect(error.message.hasPrefix("config:3: "))
    }

    private let command = SystemCommand(environment: ["PATH": "/usr/bin:/bin", "GREETING": "hello"])

    private func shell(_ script: String) async throws(AWSError) -> String {
        String(decoding: try await self.command.run(["sh", "-c", script]), as: UTF8.self)
    }

    @Test("runs programs without a shell, with their environment and neither input nor open files")
    func runs() async throws {
        #expect(try await self.command.run(["echo", "$HOME", "a b"]) == Array("$HOME a b\n".utf8))
        #expect(try await self.shell("echo $GREETING") == "hello\n")
        #expect(try await self.shell("cat; echo end; echo unseen >&2") == "end\n")
        // With something to do afterwards the shell does not become `ls`, which has the folder open.
        #expect(try await self.shell("ls /proc/$$/fd; true") == "0\n1\n2\n")
        #expect(try await self.shell("head -c 300000 /dev/zero").utf8.count == 300_000)
    }

    @Test(
        "a program that fails says how it ended, and nothing that it wrote",
        arguments: [
            ("echo hush; echo hush >&2; exit 3", "credential_process ended with status 3"),
            ("kill -9 $$", "credential_process ended with status 137"),
            ("head -c 2000000 /dev/zero", "credential_process wrote more than 1 MiB"),
            ("yes hush", "credential_process wrote more than 1 MiB"),
        ]
    )
    func fails(script: String, message: String) async throws {
        let error = await #expect(throws: AWSError.self) { try await self.shell(script) }
        #expect(error?.code == .noCredentials)
        #expect(error?.message == message)
    }

    @Test("a program that is not there can't be started")
    func missing() async throws {
        let error = await #expect(throws: AWSError.self) { try await self.command.run(["no-such-program-here"]) }
        #expect(error?.message == "credential_process could not be started")
    }

    /// Whether a process runs; one that has ended and waits for its parent to notice does not.
    private func isRunning(_ pid: String) -> Bool {
        guard let bytes = try? SystemFiles.read("/proc/\(pid)/stat") else { return false }
        let state = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ").first
        return state != "Z" && state != "X"
    }

    @Test("a program that takes too long is killed with its children", arguments: [false, true])
    func kills(byCancelling: Bool) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "snapferry-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let environment = ["PATH": "/usr/bin:/bin", "PIDS": file.path]
        let timeout: Duration = byCancelling ? .seconds(600) : .seconds(2)
        let command = SystemCommand(environment: environment, timeout: timeout)
        let task = Task { () throws(AWSError) in
            try await command.run(["sh", "-c", "sleep 600 & echo $! $$ > $PIDS.part; mv $PIDS.part $PIDS; wait"])
        }
        if byCancelling {
            while (try? SystemFiles.read(file.path)) == nil { await Task.yield() }
            task.cancel()
        }
        let error = await #expect(throws: AWSError.self) { try await task.value }
        #expect(error?.code == (byCancelling ? .cancelled : .noCredentials))
        let pids = String(decoding: try SystemFiles.read(file.path), as: UTF8.self).split(
            whereSeparator: \.isWhitespace
        )
        #expect(pids.count == 2)
        // The child dies of the same signal as the shell, if not in the same instant.
        for pid in pids { while self.isRunning(String(pid)) { await Task.yield() } }
    }
}
