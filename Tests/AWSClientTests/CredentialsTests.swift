// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("Credentials")
struct CredentialsTests {
    @Test("no rendering shows the secret or the token")
    func redaction() {
        let credentials = Credentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "very-secret",
            sessionToken: "very-long-token",
            expiration: Instant(seconds: 0)
        )
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped, "\([credentials])"] {
            #expect(text.contains("AKIDEXAMPLE"))
            #expect(!text.contains("very-secret"))
            #expect(!text.contains("very-long-token"))
        }
    }
}
