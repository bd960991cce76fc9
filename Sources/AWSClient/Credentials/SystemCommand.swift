// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import CTransport

#if canImport(Glibc)
import Glibc
private let systemRead = Glibc.read
#elseif canImport(Musl)
import Musl
private let systemRead = Musl.read
#endif

/// Runs programs as processes of this machine.
package struct SystemCommand: Sendable {
    private static let outputLimit = 1 << 20

    private let environment: [String: String]
    private let timeout: Duration

    /// Makes a runner.
    ///
    /// - Parameters:
    ///   - environment: What the programs see as their environment.
    ///   - timeout: How long one may run before it is killed.
    package init(environment: [String: String], timeout: Duration = .seconds(60)) {
        self.environment = environment
        self.timeout = timeout
    }

    /// Runs a program, found along `PATH`, without standard input or error.
    ///
    /// - Returns: What it wrote to its standard output.
    /// - Throws: AWSError with code `noCredentials` when it can't be started, ends with another status than 0, writes
    ///   more than 1 MiB or runs too long; `cancelled` when the task was cancelled. No output gets into the message. In
    ///   each case the program and its children are killed first.
    package func run(_ arguments: [String]) async throws(AWSError) -> [UInt8] {
        var child = try ChildProcess(arguments: arguments, environment: self.environment)
        let deadline = ContinuousClock.now + self.timeout
        var output: [UInt8] = []
        while true {
            // Asked before reading: what a program wrote before it ended is all there once it has.
            let exit = child.exitStatus()
            child.read(into: &output)
            guard output.count <= Self.outputLimit else { throw Self.failure("wrote more than 1 MiB") }
            if let exit {
                guard exit == 0 else { throw Self.failure("ended with status \(exit)") }
                return output
            }
            guard ContinuousClock.now < deadline else { throw Self.failure("did not end within \(self.timeout)") }
            do { try await Task.sleep(for: .milliseconds(10)) } catch {
                throw AWSError(.cancelled, message: "cancelled while a credential_process was running")
            }
        }
    }

    fileprivate static func failure(_ what: String) -> AWSError {
        AWSError(.noCredentials, message: "credential_process \(what)")
    }
}

/// A running program and the reading end of its standard output.
///
/// Has a single owner; the program, its children and the pipe are gone when that owner goes out of scope.
private struct ChildProcess: ~Copyable {
    private let pid: pid_t
    private let output: Int32
    private var status: Int32?

    init(arguments: [String], environment: [String: String]) throws(AWSError) {
        var pid: Int32 = 0
        var output: Int32 = 0
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let isStarted = Self.withCStrings(arguments) { argv in
            Self.withCStrings(variables) { envp in ctransport_spawn(argv, envp, &pid, &output) == 1 }
        }
        guard isStarted else { throw SystemCommand.failure("could not be started") }
        self.pid = pid
        self.output = output
    }

    deinit {
        if self.status == nil {
            // The whole group, so that a wrapper script does not leave its children behind.
            kill(-self.pid, SIGKILL)
            var status: Int32 = 0
            while waitpid(self.pid, &status, 0) == -1, errno == EINTR {}
        }
        close(self.output)
    }

    /// How the program ended, 128 and the signal's number for one that was killed; `nil` while it runs.
    mutating func exitStatus() -> Int32? {
        if let status { return status }
        var raw: Int32 = 0
        let waited = waitpid(self.pid, &raw, WNOHANG)
        if waited == 0 || (waited == -1 && errno == EINTR) { return nil }
        // Something else in this process has already waited for the program: how it ended can't be known any more.
        let status = waited == self.pid ? (raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F)) : 255
        self.status = status
        return status
    }

    /// Takes what there is to read.
    func read(into bytes: inout [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let capacity = buffer.count
            let count = systemRead(self.output, &buffer, capacity)
            if count == -1, errno == EINTR { continue }
            guard count > 0 else { return }
            bytes += buffer[..<count]
            // A program that writes for ever must not keep this loop.
            guard bytes.count <= 2 << 20 else { return }
        }
    }

    /// Lends a list of C strings that ends with a null pointer.
    private static func withCStrings<Value>(
        _ texts: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var pointers = texts.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            // Never empty: the null pointer is always there.
            body(buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}
