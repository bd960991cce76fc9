// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser
import SnapshotFleet

/// Which dead letters a command is about.
struct SelectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only this letter: its id, or how that begins; may be repeated.", valueName: "id"))
    var id: [String] = []

    @Option(help: ArgumentHelp("Only letters of this reason; may be repeated.", valueName: "reason"))
    var reason: [String] = []

    @Option(help: ArgumentHelp("Only letters of this route; may be repeated.", valueName: "route"))
    var route: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only letters of databases called so, * and ? allowed; may be repeated.",
            valueName: "name"
        )
    )
    var database: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only letters to this destination: a Region, or an account and a Region; may be repeated.",
            valueName: "[account/]region"
        )
    )
    var to: [String] = []

    func validate() throws {
        for place in self.to where LetterSelection.Place(place) == nil {
            throw ValidationError(
                "--to \(place.excerpt()) is no destination; one looks like eu-west-1 or 444455556666/eu-west-1"
            )
        }
    }

    var selection: LetterSelection {
        var selection = LetterSelection()
        selection.ids = self.id
        selection.reasons = self.reason
        selection.routes = self.route
        selection.databases = self.database.map { GlobPattern($0) }
        selection.places = self.to.compactMap { LetterSelection.Place($0) }
        return selection
    }
}
