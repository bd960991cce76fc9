// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Credentials as JSON, which the metadata services and `credential_process` hand out with small differences.
struct CredentialsDocument {
    /// What the session token is called.
    enum TokenName: String {
        /// ECS, EKS Pod Identity and EC2.
        case token = "Token"
        /// `credential_process`.
        case sessionToken = "SessionToken"
    }

    private let json: JSONValue
    private let origin: String

    /// Reads a document.
    ///
    /// - Parameters:
    ///   - bytes: The document.
    ///   - origin: Who gave it, to begin an error message with.
    /// - Throws: AWSError with code `noCredentials`, which repeats nothing of the document.
    init(parsing bytes: [UInt8], from origin: String) throws(AWSError) {
        self.origin = origin
        guard let json = try? JSONValue(parsing: bytes), json.object != nil else {
            throw AWSError(.noCredentials, message: "\(origin) answered something that is no JSON object")
        }
        self.json = json
    }

    subscript(name: String) -> JSONValue? { self.json[name] }

    /// The credentials in the document.
    ///
    /// - Parameters:
    ///   - tokenName: What the session token is called.
    ///   - isTemporary: Whether there have to be a token and an expiry.
    /// - Returns: Credentials with what the document has.
    /// - Throws: AWSError with code `noCredentials`, naming the member that is missing or unreadable.
    func credentials(tokenName: TokenName, isTemporary: Bool) throws(AWSError) -> Credentials {
        let expiration = self.json["Expiration"]?.string
        let instant = expiration.flatMap { Instant(iso8601: $0) }
        guard instant != nil || (expiration == nil && !isTemporary) else {
            throw self.missing("Expiration")
        }
        return Credentials(
            accessKeyID: try self.text("AccessKeyId"),
            secretAccessKey: try self.text("SecretAccessKey"),
            sessionToken: isTemporary
                ? try self.text(tokenName.rawValue) : self.json[tokenName.rawValue]?.string.nonEmpty,
            expiration: instant,
            accountID: self.json["AccountId"]?.string.nonEmpty
        )
    }

    private func text(_ name: String) throws(AWSError) -> String {
        guard let text = self.json[name]?.string.nonEmpty else { throw self.missing(name) }
        return text
    }

    private func missing(_ name: String) -> AWSError {
        AWSError(.noCredentials, message: "\(self.origin) answered without a usable \(name)")
    }
}

extension String? {
    /// `nil` in place of an empty text.
    var nonEmpty: String? { self.flatMap { $0.isEmpty ? nil : $0 } }
}
