// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// How persistently calls are repeated.
package struct RetryConfiguration: Sendable, Equatable {
    /// Whether the client paces itself after throttles.
    package enum Mode: String, Sendable {
        /// Retries with backoff and a token bucket.
        case standard
        /// The same, and an ``AdaptiveRate`` before every send.
        case adaptive
    }

    package var mode: Mode
    /// Attempts a call gets in all, the first included; 1 or more.
    package var maxAttempts: Int

    /// Makes a configuration; AWS's defaults unless told otherwise.
    package init(mode: Mode = .standard, maxAttempts: Int = 3) {
        self.mode = mode
        self.maxAttempts = max(1, maxAttempts)
    }

    /// Reads `AWS_RETRY_MODE` and `AWS_MAX_ATTEMPTS`, then the profile's `retry_mode` and `max_attempts`.
    ///
    /// `legacy`, which some SDKs still know, means `standard` here.
    ///
    /// - Throws: ``AWSError/Code/configuration`` for an unknown mode, or attempts that are no number above 0.
    package init(environment: [String: String], profile: Profile? = nil) throws(AWSError) {
        self.init()
        if let (text, origin) = Self.setting("AWS_RETRY_MODE", "retry_mode", environment, profile) {
            switch text.lowercased() {
            case "standard", "legacy": self.mode = .standard
            case "adaptive": self.mode = .adaptive
            default:
                throw AWSError(.configuration, message: "\(origin) is neither standard nor adaptive: \(text)")
            }
        }
        if let (text, origin) = Self.setting("AWS_MAX_ATTEMPTS", "max_attempts", environment, profile) {
            guard let attempts = Int(text), attempts > 0 else {
                throw AWSError(.configuration, message: "\(origin) has to be a whole number above 0: \(text)")
            }
            self.maxAttempts = attempts
        }
    }

    private static func setting(
        _ variable: String,
        _ key: String,
        _ environment: [String: String],
        _ profile: Profile?
    ) -> (text: String, origin: String)? {
        if let text = environment[variable], !text.isEmpty { return (text, variable) }
        guard let setting = profile?[setting: key] else { return nil }
        return (setting.text, "\(key) in \(setting.place)")
    }
}
