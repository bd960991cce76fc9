// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Testing

@testable import Monitoring

@Suite struct AllowedHostsTests {
    @Test(arguments: [
        "localhost", "LOCALHOST", "localhost:9400", "localhost:1", "127.0.0.1", "127.0.0.1:9400", "127.8.8.8:80",
        "[::1]",
        "[::1]:9400", "[0:0:0:0:0:0:0:1]:9400", "[::ffff:127.0.0.1]:9400", "10.1.2.3", "10.1.2.3:9400",
        "[::ffff:10.1.2.3]:9400",
    ])
    func loopbackNamesAndTheAddressOfTheConnectionAreLetIn(host: String) {
        #expect(AllowedHosts().allows(host, localAddress: "10.1.2.3"))
    }

    @Test(
        arguments: [
            nil, "", " ", "evil.example", "evil.example:9400", "localhost.evil.example", "127.0.0.1.evil.example",
            "evil.example#localhost", "localhost@evil.example", "localhost:9400@evil.example", "localhost:",
            "localhost:99999",
            "localhost:-1", "localhost: 80", "localhost:+80", "localhost:80:80", "localhost.", "localhost..",
            ".localhost",
            "localhost\u{0}", "localhost/", "localhost,evil.example", "localhost evil.example", "loc\u{0430}lhost",
            "127.1", "127.0.0.01", "127.0.0.1.", "0x7f000001", "2130706433", "0177.0.0.1", "0.0.0.0", "10.1.2.4",
            "[::]",
            "[::1", "::1", "[::1]x", "[::1]:x", "[localhost]", "[127.0.0.1]", "[fe80::1%25eth0]", "[fe80::1]", "[]",
            "[",
            String(repeating: "a", count: 70_000), String(repeating: "a.", count: 2000),
        ] as [String?]
    )
    func anythingElseIsNot(host: String?) {
        #expect(!AllowedHosts().allows(host, localAddress: "10.1.2.3"))
        #expect(!AllowedHosts().allows(host, localAddress: nil))
    }

    @Test func addressOfAnotherInterfaceIsNotLetIn() {
        #expect(AllowedHosts().allows("[fd00::7]:9400", localAddress: "fd00:0::7"))
        #expect(AllowedHosts().allows("10.1.2.3", localAddress: "::ffff:10.1.2.3"))
        #expect(!AllowedHosts().allows("10.1.2.3", localAddress: "fd00::7"))
    }

    @Test func namesOnTheListAreLetInWhateverTheirCaseAndPort() throws {
        let hosts = try #require(AllowedHosts(["Snapferry.Internal.example", "192.0.2.7", "2001:db8::1"]))
        for host in ["snapferry.internal.example", "SNAPFERRY.internal.example:80", "192.0.2.7:9400", "[2001:db8::1]"] {
            #expect(hosts.allows(host, localAddress: nil))
        }
        for host in ["internal.example", "x.snapferry.internal.example", "192.0.2.8", "[2001:db8::2]"] {
            #expect(!hosts.allows(host, localAddress: nil))
        }
    }

    @Test(arguments: ["*", "", "a b", "a:80", "http://a", "a/b", "*.example.com"])
    func whatCantBeAHostIsNoEntry(name: String) {
        #expect(AllowedHosts([name]) == nil)
    }

    @Test func noBytesMakeAHostThatIsLetInByChance() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("localhost127.0.0.1[::1]:9400%@/\\\u{0}\t \u{80}é".unicodeScalars)
        let letIn: Set<String> = ["localhost", "127", "::1"]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...24, using: &random)
            let text = String(
                String.UnicodeScalarView((0..<count).map { _ in alphabet.randomElement(using: &random) ?? "a" })
            )
            guard AllowedHosts().allows(text, localAddress: nil) else { continue }
            let isKnown = letIn.contains { text.lowercased().contains($0) } || text.hasPrefix("[")
            #expect(isKnown, "\(text)")
            let isPlain = text.unicodeScalars.allSatisfy { $0.isASCII }
            #expect(isPlain)
        }
    }
}

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:9400", "127.0.0.1", 9400, "http://127.0.0.1:9400"),
        ("0.0.0.0:80", "0.0.0.0", 80, "http://127.0.0.1:80"), ("[::]:9400", "::", 9400, "http://[::1]:9400"),
        ("[::1]:0", "::1", 0, "http://[::1]:0"), ("localhost:1", "localhost", 1, "http://localhost:1"),
        ("10.0.0.7:9400", "10.0.0.7", 9400, "http://10.0.0.7:9400"),
    ])
    func addressesAreRead(text: String, host: String, port: Int, url: String) throws {
        let address = try #require(ListenAddress(text))
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address.description == text)
        #expect(address.url == url)
        #expect(ListenSetting(text) == .given(address))
    }

    @Test(arguments: ["", ":9400", "9400", "127.0.0.1", "::1:9400", "example.com:80", "127.0.0.1:x", "on", "*:9400"])
    func othersAreNone(text: String) {
        #expect(ListenSetting(text) == nil)
    }

    @Test func offIsNowhere() {
        #expect(ListenSetting("off") == .off)
        #expect(ListenSetting.off.address == nil)
        #expect(ListenSetting.standard.address == .standard)
    }
}
