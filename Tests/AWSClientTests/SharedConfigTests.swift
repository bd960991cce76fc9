// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("Shared config files")
struct SharedConfigTests {
    private func parse(_ text: String, _ kind: SharedConfigFile.Kind = .config) -> SharedConfigFile {
        SharedConfigFile(parsing: Array(text.utf8), kind: kind, path: "f")
    }

    @Test("reads profiles, SSO sessions and services, quoted names and nested settings")
    func sections() {
        let file = self.parse(
            """
            # a comment
            [default]
            region=eu-west-1
            [profile "a b"]  ; named with blanks
            Region =  us-east-1
            role_arn = arn:aws:iam::1:role/x=y
            [ profile\tc ]
            ; another comment
            output =
            [sso-session corp]
            sso_region = us-east-2
            [services local]
            rds =
              endpoint_url = http://localhost:1
              # not a setting
              other=2

              third = 3
            sqs =
            \tendpoint_url = http://localhost:2
            [plugins]
            x = 1
            [unprefixed]
            region = nowhere
            """
        )
        #expect(Set(file.profiles.keys) == ["default", "a b", "c"])
        #expect(file.profiles["default"]?["region"]?.text == "eu-west-1")
        #expect(file.profiles["default"]?["region"]?.place == "f:3")
        #expect(file.profiles["a b"]?["region"]?.text == "us-east-1")
        #expect(file.profiles["a b"]?["role_arn"]?.text == "arn:aws:iam::1:role/x=y")
        #expect(file.profiles["c"]?["output"]?.text == "")
        #expect(file.ssoSessions["corp"]?["sso_region"]?.text == "us-east-2")
        let rds = file.services["local"]?["rds"]
        #expect(rds?.nested == ["endpoint_url": "http://localhost:1", "other": "2", "third": "3"])
        #expect(file.services["local"]?["sqs"]?.nested == ["endpoint_url": "http://localhost:2"])
    }

    @Test("credentials files name profiles plainly")
    func credentialsFile() {
        let file = self.parse("[default]\naws_access_key_id = A\n[prod eu]\naws_access_key_id = B\n", .credentials)
        #expect(file.profiles["default"]?["aws_access_key_id"]?.text == "A")
        #expect(file.profiles["prod eu"]?["aws_access_key_id"]?.text == "B")
    }

    @Test("lines may end as on Windows, and a byte order mark may stand first")
    func foreignLines() {
        let file = self.parse("\u{FEFF}[default]\r\nregion = eu-west-1\r\n[profile x]\r\nregion = us-east-1\r\n")
        #expect(file.profiles["default"]?["region"]?.text == "eu-west-1")
        #expect(file.profiles["x"]?["region"]?.text == "us-east-1")
        #expect(file.profiles["x"]?["region"]?.place == "f:4")
    }

    @Test("a section that stands twice is one, and the last of two settings counts")
    func duplicates() {
        let file = self.parse("[default]\na = 1\nb = 1\n[profile x]\n[default]\nb = 2\nb = 3\n")
        #expect(file.profiles["default"]?.mapValues(\.text) == ["a": "1", "b": "3"])
        #expect(file.profiles["x"]?.isEmpty == true)
    }

    @Test("[profile default] counts instead of [default], whichever comes first")
    func explicitDefault() {
        for text in ["[default]\na = 1\n[profile default]\nb = 2\n", "[profile default]\nb = 2\n[default]\na = 1\n"] {
            #expect(self.parse(text).profiles["default"]?.mapValues(\.text) == ["b": "2"])
        }
    }

    @Test("settings that are all set in from the margin are settings, and deeper lines go on with the one above")
    func indentation() {
        let file = self.parse("[default]\n  region = eu-west-1\n  output = json\n  external_id = one\n     two\n")
        #expect(
            file.profiles["default"]?.mapValues(\.text)
                == ["region": "eu-west-1", "output": "json", "external_id": "one\ntwo"]
        )
    }

    @Test(
        "survives garbage and still reads the part that is whole",
        arguments: [
            "= no key\n", "no equals sign\n", "[\nregion = bad\n", "[]\nregion = bad\n", "[profile]\nregion = bad\n",
            "[profile \"\"]\nregion = bad\n", "]x[\n", "\u{0}\u{1}\u{7F}\n", "   indented = first\n", "\n\n\r\r\n",
            "[profile x\nregion = bad\n", "region = before any section\n", "[[x]]\nregion = bad\n", "\"\"\"\n= = =\n",
        ]
    )
    func garbage(text: String) {
        let file = self.parse(text + "[profile ok]\nregion = eu-west-1\n[profile z]\n" + text)
        #expect(file.profiles["ok"]?["region"]?.text == "eu-west-1")
    }

    @Test("survives bytes that are no UTF-8, and every cut of a file")
    func bytes() {
        let whole = Array("[default]\r\nregion = eu-west-1\n[services s]\nrds =\n  endpoint_url = x\n".utf8)
        for end in 0...whole.count {
            _ = SharedConfigFile(parsing: Array(whole[..<end]), kind: .config, path: "f")
        }
        let file = SharedConfigFile(parsing: [0xFF, 0xFE, 0x0A] + whole, kind: .config, path: "f")
        #expect(file.profiles["default"]?["region"]?.text == "eu-west-1")
    }

    private func config(_ environment: [String: String], _ files: [String: String]) -> SharedConfig {
        SharedConfig(environment: environment) { path in
            guard let text = files[path] else { throw CancellationError() }
            return Array(text.utf8)
        }
    }

    @Test("reads both files where the environment says, and credentials win over config")
    func bothFiles() throws {
        let environment = [
            "HOME": "/home/me", "AWS_CONFIG_FILE": "/etc/c", "AWS_SHARED_CREDENTIALS_FILE": "~/k", "AWS_PROFILE": "p",
        ]
        let config = self.config(
            environment,
            [
                "/etc/c": "[profile p]\nregion = eu-west-1\naws_access_key_id = config\n",
                "/home/me/k": "[p]\naws_access_key_id = credentials\n",
            ]
        )
        let profile = try #require(try config.activeProfile())
        #expect(config.isProfileExplicit)
        #expect(profile["region"] == "eu-west-1")
        #expect(profile["aws_access_key_id"] == "credentials")
        #expect(profile[setting: "aws_access_key_id"]?.place == "/home/me/k:2")
        #expect(profile["nothing"] == nil)
    }

    @Test("without files there is no profile, and naming one is an error that says where it was looked for")
    func missing() throws {
        #expect(try self.config(["HOME": "/h"], [:]).activeProfile() == nil)
        let config = self.config(["HOME": "/h", "AWS_PROFILE": "gone"], [:])
        let error = try #require(throws: AWSError.self) { try config.activeProfile() }
        #expect(error.code == .configuration)
        #expect(error.message == "there is no profile \"gone\" in /h/.aws/config or /h/.aws/credentials")
    }

    @Test("a services section that is not there is an error with its line")
    func missingServices() throws {
        let config = self.config(["HOME": "/h"], ["/h/.aws/config": "[default]\nservices = gone\n"])
        let error = try #require(throws: AWSError.self) { try config.activeProfile() }
        #expect(error.message == "/h/.aws/config:2: there is no section [services gone]")
    }

    @Test("reads this machine's files")
    func systemFiles() throws {
        #expect(try SystemFiles.read("/proc/self/status").isEmpty == false)
        #expect(throws: (any Error).self) { try SystemFiles.read("/nowhere/at/all") }
    }
}
