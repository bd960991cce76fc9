// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Configuration
import Monitoring
import SnapshotFleet

/// Reads where operators may look.
enum Monitored {
    /// `SNAPFERRY_LISTEN`.
    ///
    /// - Throws: ``ConfigurationError`` for what is no address of a machine.
    static func listen(_ config: ConfigReader) throws(ConfigurationError) -> ListenSetting {
        try self.listen(config.string(forKey: "snapferry.listen"))
    }

    /// The same from text; nothing, or nothing in it, is the standard address.
    static func listen(_ text: String?) throws(ConfigurationError) -> ListenSetting {
        guard let text, !text.isEmpty else { return .standard }
        guard let setting = ListenSetting(text) else {
            throw ConfigurationError(
                "SNAPFERRY_LISTEN is \(text.excerpt()); it has to be an address and a port, such as 127.0.0.1:9400, "
                    + "0.0.0.0:9400 for every address of this machine, or off"
            )
        }
        return setting
    }

    /// `SNAPFERRY_METRICS`.
    ///
    /// - Throws: ``ConfigurationError`` for a format that is not known.
    static func embedsMetrics(_ config: ConfigReader) throws(ConfigurationError) -> Bool {
        switch config.string(forKey: "snapferry.metrics") {
        case nil, "", "off": return false
        case "emf": return true
        case let text?:
            throw ConfigurationError("SNAPFERRY_METRICS is \(text.excerpt()); it has to be emf or off")
        }
    }

    /// `SNAPFERRY_ALLOWED_HOSTS`.
    ///
    /// - Throws: ``ConfigurationError`` for what can't be a host.
    static func allowedHosts(_ config: ConfigReader) throws(ConfigurationError) -> AllowedHosts {
        try self.allowedHosts(config.string(forKey: "snapferry.allowed.hosts"))
    }

    /// The same from text.
    static func allowedHosts(_ text: String?) throws(ConfigurationError) -> AllowedHosts {
        let names = (text ?? "").split(separator: ",").map { $0.drop { $0 == " " } }
            .map { String($0.reversed().drop { $0 == " " }.reversed()) }.filter { !$0.isEmpty }
        guard let hosts = AllowedHosts(names) else {
            throw ConfigurationError(
                "SNAPFERRY_ALLOWED_HOSTS is \((text ?? "").excerpt()); it has to be names without ports, commas between "
                    + "them, such as snapferry.internal.example"
            )
        }
        return hosts
    }
}
