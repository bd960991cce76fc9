// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import SnapshotFleet

/// `snapferry copy`: one snapshot, by hand.
struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Asks the fleet to carry one snapshot to one destination.",
        discussion: """
            Puts a job on the queue; a worker does the rest, under the rules that the policy has for the destination. A copy \
            that is there already, or in progress, is adopted, so asking twice does no harm. Says what it will do, and does it \
            with --yes; then prints the id of the message.

            Examples:
              snapferry copy arn:aws:rds:us-east-1:111122223333:snapshot:a --to eu-west-1
              snapferry copy "$ARN" --to 444455556666/eu-west-1 --route prod --yes

            Exit status: 0 when the job is on the queue, or would be; 1 when the policy does not lead there, or what is \
            asked for is no snapshot or no destination; 2 when the queue or the policy could not be reached.
            """
    )

    @Argument(help: "The ARN of the DB snapshot or DB cluster snapshot.")
    var snapshot: String

    @Option(help: ArgumentHelp("Where to: a Region, or an account and a Region.", valueName: "[account/]region"))
    var to: String

    @Option(help: "The route whose rules hold; by default the one of the highest priority that leads there.")
    var route: String?

    @Flag(help: "Do it.")
    var yes = false

    @OptionGroup var options: OperatorOptions

    func run() async throws {
        do {
            let bridge = try await self.options.bridge()
            let order = try CopyOrder(
                snapshot: self.snapshot,
                destination: self.to,
                route: self.route,
                policy: bridge.policy,
                ownAccount: bridge.account
            )
            for line in order.announcement(queueURL: bridge.queueURL) { LineOutput.standardOutput.write(line) }
            guard self.yes else {
                LineOutput.standardOutput.write("Nothing is sent yet; --yes sends it.")
                return
            }
            let body = JobMessage.encode(order.job(at: SystemTimeSource.systemNow()))
            let id = try await bridge.sqs.sendMessage(queueURL: bridge.queueURL, body: body)
            LineOutput.standardOutput.write("Sent: message \(id)")
        } catch let refusal as CopyOrder.Refusal {
            LineOutput.standardError.write("snapferry: \(refusal.description)")
            throw ExitCode(1)
        } catch let failure as LookFailure {
            throw failure.exit
        } catch let error as AWSError {
            throw LookFailure("\(error)").exit
        }
    }
}
