// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Runs a program with arguments and gives what it wrote to its standard output.
///
/// Throws ``AWSError/Code/noCredentials`` when it fails, ``AWSError/Code/cancelled`` when the task was cancelled.
package typealias CommandRunner = @Sendable (_ arguments: [String]) async throws(AWSError) -> [UInt8]

/// Credentials that a program prints, as a profile's `credential_process` names one.
///
/// What the program writes to its standard error goes nowhere, since it may hold secrets. Put ``CachedCredentials``
/// around it.
package struct CredentialProcess: CredentialsProvider {
    private let arguments: [String]
    private let run: CommandRunner

    /// Splits the command as a shell would; no shell takes part.
    ///
    /// - Parameters:
    ///   - setting: The profile's `credential_process`.
    ///   - run: What runs it.
    /// - Throws: AWSError with code `configuration` for an open quote or no words at all.
    package init(_ setting: SharedConfigFile.Setting, run: @escaping CommandRunner) throws(AWSError) {
        guard let arguments = ShellWords.split(setting.text), !arguments.isEmpty else {
            throw AWSError(
                .configuration,
                message: "\(setting.place): credential_process has an open quote or no words"
            )
        }
        self.arguments = arguments
        self.run = run
    }

    package func credentials() async throws(AWSError) -> Credentials {
        let document = try CredentialsDocument(parsing: try await self.run(self.arguments), from: "credential_process")
        guard document["Version"]?.int == 1 else {
            throw AWSError(.noCredentials, message: "credential_process answered without \"Version\": 1")
        }
        return try document.credentials(tokenName: .sessionToken, isTemporary: false)
    }
}

/// Splits a command line into words as a POSIX shell does, without expanding anything.
package enum ShellWords {
    /// The words of a line.
    ///
    /// - Returns: `nil` when a quote is not closed, or a backslash stands at the end.
    package static func split(_ line: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in line {
            if isEscaped {
                // Inside double quotes a backslash is itself before all but these two.
                let keepsBackslash = quote == "\"" && character != "\"" && character != "\\"
                word = (word ?? "") + (keepsBackslash ? "\\" : "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character.isWhitespace {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil, !isEscaped else { return nil }
        return words + (word.map { [$0] } ?? [])
    }
}
