// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Pieces

/// Does a piece so many times, and nothing else, for those who watch a whole process: `Counting NAME TIMES`.
///
/// Without arguments it names the pieces, and how many iterations one measurement of each has.
@main
enum Counting {
    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        guard words.count == 2, let piece = Piece.all.first(where: { $0.name == words.first }),
            let times = words.last.flatMap({ Int($0) })
        else {
            for piece in Piece.all { print(piece.name, piece.iterations) }
            return
        }
        try await piece.prepare()(times)
    }
}
