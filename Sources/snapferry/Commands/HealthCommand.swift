// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import Monitoring
import SnapshotFleet

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `snapferry health`: whether the worker of this container is alive.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Asks the worker on this machine whether it is alive, or ready.",
        discussion: """
            For a container's health check, which needs no other program for it. Asks where SNAPFERRY_LISTEN says that the \
            worker listens, 127.0.0.1:9400 by default.

            Examples:
              HEALTHCHECK CMD ["snapferry", "health"]
              snapferry health --ready             says why a worker takes no jobs
              snapferry health --url http://127.0.0.1:9401

            Exit status: 0 when it is; 1 when it is not, or does not answer within five seconds; 2 when nothing says where to ask.
            """
    )

    @Flag(help: "Ask whether it can take jobs as well.")
    var ready = false

    @Option(help: ArgumentHelp("Where the worker listens.", valueName: "url"))
    var url: String?

    private static let patience = Duration.seconds(5)

    func run() async throws {
        let url: String
        do throws(ConfigurationError) {
            url = try self.address(ProcessInfo.processInfo.environment)
        } catch {
            throw LookFailure(error.description).exit
        }
        let answer: HTTPResponse
        do {
            let path = self.ready ? "/health/ready" : "/health/live"
            let request = HTTPRequest(
                method: "GET",
                url: url + path,
                timeout: Self.patience,
                bypassesProxy: true
            )
            answer = try await TransferLoop().send(request)
        } catch {
            LineOutput.standardError.write("snapferry: \(url) does not answer: \(error.message.excerpt(300))")
            throw ExitCode(1)
        }
        let said = String(decoding: answer.body.prefix(4096), as: UTF8.self).split(separator: "\n").joined(
            separator: " "
        )
        guard answer.status == 200 else {
            LineOutput.standardError.write("snapferry: \(url) answers \(answer.status): \(said)")
            throw ExitCode(1)
        }
        LineOutput.standardOutput.write(said)
    }

    /// Where to ask: the option's, or where the environment has workers listen.
    private func address(_ environment: [String: String]) throws(ConfigurationError) -> String {
        if let url = self.url {
            guard url.hasPrefix("http://") else { throw ConfigurationError("--url has to begin with http://") }
            return String(url.reversed().drop { $0 == "/" }.reversed())
        }
        guard let address = try Monitored.listen(environment["SNAPFERRY_LISTEN"]).address, address.port != 0 else {
            throw ConfigurationError("SNAPFERRY_LISTEN names no port to ask at; pass --url")
        }
        return address.url
    }
}
