// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import FuzzTargets
import Glibc

/// The one target of this process, as the environment's `FUZZ_TARGET` names it.
private let target: FuzzTarget = {
    guard let name = getenv("FUZZ_TARGET").map({ String(cString: $0) }), let target = FuzzTarget(rawValue: name) else {
        let known = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        say("set FUZZ_TARGET to one of \(known)")
        exit(2)
    }
    return target
}()

/// Writes a line to standard error, unbuffered: what follows may be a crash.
private func say(_ line: String) {
    _ = Array("\(line)\n".utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// What libFuzzer calls with everything it thinks of.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    do {
        try target.check(Array(UnsafeRawBufferPointer(start: start, count: count)))
    } catch {
        say("promise broken: \(error)")
        abort()
    }
    return 0
}
