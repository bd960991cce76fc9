// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The shared config: whatever is in it, settings say where they stand, and written plainly they read as the same.
enum SharedConfigPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        for kind in [SharedConfigFile.Kind.config, .credentials] {
            let file = SharedConfigFile(parsing: bytes, kind: kind, path: "p")
            let lines = bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
            for (name, section) in file.profiles.merging(file.services, uniquingKeysWith: { first, _ in first }) {
                try require(!name.isEmpty, "a section without a name")
                for (key, setting) in section { try self.check(key, setting, lines: lines) }
            }
            // Marks that join the sign before them make signs that stand for nothing; they can't be written plainly.
            if bytes.allSatisfy({ $0 < 0x80 }) { try self.checkWriting(file, kind) }
        }
        let config = SharedConfig(environment: ["HOME": "/h"]) { _ in bytes }
        do {
            _ = try config.activeProfile()
        } catch {
            try require(error.code == .configuration, "\(error)")
        }
    }

    private static func check(
        _ key: String,
        _ setting: SharedConfigFile.Setting,
        lines: Int
    ) throws(BrokenPromise) {
        try require(!key.isEmpty && key == key.lowercased(), "the key \(key)")
        let number = setting.place.split(separator: ":").last.flatMap { Int($0) } ?? 0
        try require((1...lines).contains(number), "\(setting.place) of \(lines) lines")
        try require(setting.nested.isEmpty || setting.text.isEmpty, "\(key) has a text, and settings below it")
    }

    private static func checkWriting(_ file: SharedConfigFile, _ kind: SharedConfigFile.Kind) throws(BrokenPromise) {
        let written = file.profiles.sorted { $0.key < $1.key }.map { name, section in
            let heading = kind == .config ? "[profile \"\(name)\"]" : "[\(name)]"
            return ([heading] + section.sorted { $0.key < $1.key }.map { self.written($0.key, $0.value) })
                .joined(separator: "\n")
        }.joined(separator: "\n")
        let again = SharedConfigFile(parsing: Array(written.utf8), kind: kind, path: "p")
        let isSame =
            again.profiles.keys == file.profiles.keys
            && file.profiles.allSatisfy { name, section in
                section.mapValues(\.text) == again.profiles[name]?.mapValues(\.text)
                    && section.mapValues(\.nested) == again.profiles[name]?.mapValues(\.nested)
            }
        try require(isSame, "written and read again: \(written)")
    }

    private static func written(_ key: String, _ setting: SharedConfigFile.Setting) -> String {
        let nested = setting.nested.sorted { $0.key < $1.key }.map { "\n  \($0.key) = \($0.value)" }.joined()
        return "\(key) = \(setting.text.split(separator: "\n").joined(separator: "\n  "))\(nested)"
    }
}
