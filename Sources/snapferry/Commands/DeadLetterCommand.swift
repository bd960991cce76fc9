// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser

/// `snapferry dlq`: what could not succeed, and what to do about it.
struct DeadLetterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq",
        abstract: "Looks after the dead-letter queue: lists, shows, replays and drops what could not succeed.",
        discussion: """
            Workers send a job there when it can't succeed, with the reason and what to do about it; SQS moves messages \
            there that workers received again and again. Put the cause right, then replay.

            SQS shows messages only by handing them out: while one of these commands looks, nobody else sees the letters. \
            It gives them back when it is done, also when it is interrupted; when it is killed they come back within three \
            minutes.

            Examples:
              snapferry dlq list
              snapferry dlq show 0f3c1a2b
              snapferry dlq replay --reason kms-key --yes
              snapferry dlq drop --reason source-gone --yes
            """,
        subcommands: [
            DeadLetterListCommand.self, DeadLetterShowCommand.self, DeadLetterReplayCommand.self,
            DeadLetterDropCommand.self,
        ]
    )
}
