// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Credentials that ECS or EKS Pod Identity hands to a container over a link-local address.
///
/// Source: botocore 1.43, `utils.ContainerMetadataFetcher`. Put ``CachedCredentials`` around it.
package struct ContainerCredentials: CredentialsProvider {
    private enum Authorization: Sendable {
        case none
        case token(String)
        /// Read for every call, since the token in it is replaced.
        case file(String)
    }

    private static let attempts = 3

    private let url: String
    private let isLocal: Bool
    private let authorization: Authorization
    private let transport: any HTTPTransport
    private let time: any TimeSource
    private let readFile: FileReader

    /// Reads the variables that the container's host sets.
    ///
    /// Gives `nil` when neither `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` nor `AWS_CONTAINER_CREDENTIALS_FULL_URI` is
    /// set.
    ///
    /// - Parameters:
    ///   - environment: The process's environment.
    ///   - transport: What carries the request.
    ///   - time: What waits a second between attempts.
    ///   - readFile: What reads the token file.
    /// - Throws: AWSError with code `configuration` for an address that credentials must not be asked of: plain `http`
    ///   to any other host than loopback and those of ECS and EKS.
    package init?(
        environment: [String: String],
        transport: any HTTPTransport,
        time: any TimeSource,
        readFile: @escaping FileReader = SystemFiles.read
    ) throws(AWSError) {
        if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"].nonEmpty {
            guard path.hasPrefix("/"), Self.isPrintable(path) else {
                throw AWSError(.configuration, message: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path")
            }
            self.url = "http://169.254.170.2\(path)"
            self.isLocal = true
        } else if let url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].nonEmpty {
            self.isLocal = try Self.checkFullURI(url)
            self.url = url
        } else {
            return nil
        }
        if let file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"].nonEmpty {
            self.authorization = .file(file)
        } else if let token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"].nonEmpty {
            self.authorization = .token(token)
        } else {
            self.authorization = .none
        }
        self.transport = transport
        self.time = time
        self.readFile = readFile
    }

    package func credentials() async throws(AWSError) -> Credentials {
        var attempt = 1
        while true {
            do throws(AWSError) {
                return try await self.fetch()
            } catch {
                guard attempt < Self.attempts, error.isRetryable else { throw error }
                attempt += 1
            }
            do { try await self.time.sleep(for: .seconds(1)) } catch {
                throw AWSError(.cancelled, message: "cancelled while waiting for container credentials")
            }
        }
    }

    private func fetch() async throws(AWSError) -> Credentials {
        var request = HTTPRequest(
            method: "GET",
            url: self.url,
            headers: [("Accept", "application/json")],
            connectTimeout: .seconds(2),
            timeout: .seconds(2),
            bypassesProxy: self.isLocal
        )
        if let token = try self.token() { request.setHeader("Authorization", token) }
        let response = try await self.transport.send(request)
        guard response.status == 200 else {
            throw AWSError(
                .unavailable,
                message: "the container's credential service answered HTTP \(response.status)",
                httpStatus: response.status
            )
        }
        return try CredentialsDocument(parsing: response.body, from: "the container's credential service")
            .credentials(tokenName: .token, isTemporary: true)
    }

    /// What to authorize with.
    ///
    /// Editors leave a line feed at the end of a file, which is cut off; one inside could smuggle in another header, so
    /// it is refused.
    private func token() throws(AWSError) -> String? {
        let token: String
        let origin: String
        switch self.authorization {
        case .none: return nil
        case .token(let text): (token, origin) = (text, "AWS_CONTAINER_AUTHORIZATION_TOKEN")
        case .file(let path):
            guard let bytes = try? self.readFile(path) else {
                throw AWSError(.noCredentials, message: "cannot read the authorization token in \(path)")
            }
            (token, origin) = (String(decoding: bytes, as: UTF8.self).trimmingWhitespace(), path)
        }
        guard !token.isEmpty, !token.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) else {
            throw AWSError(.noCredentials, message: "the authorization token in \(origin) is empty or has line breaks")
        }
        return token
    }

    /// Returns whether the host is one that no proxy stands before.
    private static func checkFullURI(_ url: String) throws(AWSError) -> Bool {
        let name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
        guard self.isPrintable(url), let scheme = url.firstRange(of: "://") else {
            throw AWSError(.configuration, message: "\(name) is no address")
        }
        let authorityEnd = url[scheme.upperBound...].firstIndex { "/?#".contains($0) } ?? url.endIndex
        let address: EndpointURL
        do throws(EndpointURL.Refusal) {
            address = try EndpointURL(parsing: String(url[..<authorityEnd]), allowsPlaintext: true)
        } catch {
            throw AWSError(.configuration, message: "\(name) \(error.reason)")
        }
        guard !address.isPlaintext || address.servesContainers else {
            throw AWSError(
                .configuration,
                message: "\(name) is plain http to a host that is neither loopback nor that of ECS or EKS"
            )
        }
        return address.isLocal
    }

    private static func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
}
