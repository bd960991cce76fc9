// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The sections of one of the files AWS's tools keep in `~/.aws`.
///
/// Lines that are neither a section, a setting nor a comment are passed over, and so is all that stands under a section
/// whose name can't be read: a file that people edit by hand should not keep a worker from starting when the part it
/// needs is whole.
///
/// Source: the AWS SDKs and Tools Reference Guide, "Format of the config file"; botocore 1.43, `configloader.py`.
package struct SharedConfigFile: Sendable {
    /// Which of the two files, as they name their profiles differently.
    package enum Kind: Sendable {
        /// Sections are profiles by their plain name.
        case credentials
        /// Sections are `[default]`, `[profile NAME]`, `[sso-session NAME]` and `[services NAME]`.
        case config
    }

    /// A setting and where it was read.
    package struct Setting: Sendable, Equatable {
        /// What stands after the equals sign, without the blanks around it; lines that go on with it are joined by LF.
        package var text: String
        /// The settings on deeper lines below a key that has no text of its own.
        package var nested: [String: String]
        /// The file and the line, for an error message.
        package let place: String

        /// Makes a setting.
        package init(text: String, nested: [String: String] = [:], place: String) {
            self.text = text
            self.nested = nested
            self.place = place
        }
    }

    /// The settings of a section by their key in lower case; where a key stands twice the last one counts.
    package typealias Section = [String: Setting]

    package private(set) var profiles: [String: Section] = [:]
    package private(set) var services: [String: Section] = [:]
    package private(set) var ssoSessions: [String: Section] = [:]

    /// Reads a file's contents, which are taken as UTF-8.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - kind: How the file names its sections.
    ///   - path: The file's name, for ``Setting/place``.
    package init(parsing bytes: [UInt8], kind: Kind, path: String) {
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let text = String(decoding: hasMark ? bytes[3...] : bytes[...], as: UTF8.self)
        var reader = Reader(kind: kind, path: path)
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
        for (index, line) in lines.enumerated() { reader.read(line, number: index + 1) }
        // `[profile default]` says more clearly what it is than `[default]`, so it counts alone.
        if let explicit = reader.sections.removeValue(forKey: .explicitDefault) {
            reader.sections[.profile("default")] = explicit
        }
        for (name, section) in reader.sections {
            switch name {
            case .profile(let name): self.profiles[name] = section
            case .services(let name): self.services[name] = section
            case .ssoSession(let name): self.ssoSessions[name] = section
            case .explicitDefault: break
            }
        }
    }

    private enum SectionName: Hashable {
        case profile(String)
        case services(String)
        case ssoSession(String)
        /// `[profile default]` in a config file.
        case explicitDefault
    }

    private struct Reader {
        let kind: Kind
        let path: String
        var sections: [SectionName: Section] = [:]
        private var section: SectionName?
        /// The setting that a deeper line goes on with.
        private var key: String?
        private var indentation = 0

        init(kind: Kind, path: String) {
            self.kind = kind
            self.path = path
        }

        mutating func read(_ line: Substring, number: Int) {
            let text = line.trimmed
            guard let first = text.first, first != "#", first != ";" else { return }
            let indentation = line.prefix { $0.isWhitespace }.count
            if let section, let key, indentation > self.indentation {
                self.sections[section]?[key]?.append(text)
                return
            }
            if first == "[" {
                self.section = self.sectionName(text)
                self.key = nil
                if let section, self.sections[section] == nil { self.sections[section] = [:] }
                return
            }
            guard let section, let (key, value) = text.keyAndValue else { return }
            self.key = key
            self.indentation = indentation
            self.sections[section]?[key] = Setting(text: value, place: "\(self.path):\(number)")
        }

        private func sectionName(_ text: Substring) -> SectionName? {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let inner = text[text.index(after: text.startIndex)..<end].trimmed
            guard !inner.isEmpty else { return nil }
            guard self.kind == .config else { return .profile(String(inner)) }
            if inner == "default" { return .profile("default") }
            guard let blank = inner.firstIndex(where: \.isWhitespace) else { return nil }
            let name = inner[blank...].trimmed.unquoted
            guard !name.isEmpty else { return nil }
            switch inner[..<blank] {
            case "profile": return name == "default" ? .explicitDefault : .profile(name)
            case "services": return .services(name)
            case "sso-session": return .ssoSession(name)
            default: return nil
            }
        }
    }
}

extension SharedConfigFile.Setting {
    /// Takes in a deeper line: a nested setting below a bare key, otherwise more of the text.
    fileprivate mutating func append(_ line: Substring) {
        guard self.text.isEmpty else {
            self.text += "\n" + line
            return
        }
        if let (key, value) = line.keyAndValue { self.nested[key] = value }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = self.drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return start.prefix(0) }
        return start[...last]
    }

    fileprivate var unquoted: String {
        for quote in ["\"", "'"] where self.count >= 2 && self.hasPrefix(quote) && self.hasSuffix(quote) {
            return String(self.dropFirst().dropLast())
        }
        return String(self)
    }

    /// `key = value`; `nil` when there is no equals sign, or nothing before it.
    fileprivate var keyAndValue: (key: String, value: String)? {
        guard let equals = self.firstIndex(of: "=") else { return nil }
        let key = self[..<equals].trimmed.lowercased()
        return key.isEmpty ? nil : (key, String(self[self.index(after: equals)...].trimmed))
    }
}
