// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The page that shows a fleet in a browser, and keeps showing how it stands.
///
/// One document without a build step and without requests to anybody else: it asks ``documentPath`` on the server that it
/// came from. A browser runs and shows nothing of it but the style and the script below, by their digests, so that a name
/// out of AWS that looks like markup stays a name.
package enum FleetPage {
    /// Where the page asks how the fleet stands; the answer is the document of `snapferry status --json`, and `worker`.
    package static let documentPath = "/api/fleet.json"

    /// The page, ready to be sent.
    package static let answer = MonitorAnswer(
        contentType: "text/html; charset=utf-8",
        body: Array(Self.text.utf8),
        contentSecurityPolicy: [
            "default-src 'none'", "script-src '\(Self.digest(Self.script))'", "style-src '\(Self.digest(Self.style))'",
            "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    )

    private static let text = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="data:,">
        <title>snapferry</title>
        <style>\(Self.style)</style>
        </head>
        <body>
        \(Self.markup)
        <script>\(Self.script)</script>
        </body>
        </html>

        """

    /// As a content security policy names what it allows.
    private static func digest(_ text: String) -> String {
        "sha256-" + Data(Digest.sha256(Array(text.utf8))).base64EncodedString()
    }
}
