// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import CTransport

/// What becomes of memory that the process has freed.
package enum FreedMemory {
    /// Has the C library give it back to the system early, where it knows how to.
    ///
    /// By default glibc keeps a heap for each thread and, once large blocks were freed, tens of megabytes of what a burst
    /// of calls took. To be called before there are many threads.
    package static func returnEarly() { ctransport_spare_memory() }
}
