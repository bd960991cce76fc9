// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What a worker has in hand, for people to look at.
package struct WorkerView: Sendable, Equatable {
    /// A copy in progress.
    package struct Copy: Sendable, Equatable {
        package var job: CopyJob
        package var target: String
        package var database: String
        package var percent: Int?
        package var since: Instant
        package var sizeGiB: Int?
    }

    /// Messages received and not yet given back.
    package var held = 0
    /// Jobs that wait for their source's description or for a slot.
    package var waiting = 0
    package var starting = 0
    package var copies: [Copy] = []
    /// Slots that this worker's copies take, by pool.
    package var underWay: [SlotPool: Int] = [:]
    package var isDraining = false
    /// What the worker depends on, and what of it is lost.
    package var readiness = Readiness()

    /// Whether the worker takes jobs and can work on them.
    package var isReady: Bool { !self.isDraining && self.readiness.isReady }

    package init() {}
}

extension WorkerCore {
    /// What is in hand, copies in the order of their targets.
    package var view: WorkerView {
        var view = WorkerView()
        view.held = self.messages.count
        view.isDraining = self.isDraining
        for state in self.jobs.values {
            switch state.phase {
            case .describing, .waiting: view.waiting += 1
            case .acquiring, .starting, .checking, .cleaning, .handingOver, .tidying: view.starting += 1
            case .copying(let watch):
                view.copies.append(
                    WorkerView.Copy(
                        job: state.job,
                        target: state.target,
                        database: state.source?.database ?? "",
                        percent: watch.percent,
                        since: watch.startedAt,
                        sizeGiB: state.source?.sizeGiB
                    )
                )
            }
        }
        view.copies.sort { $0.target < $1.target }
        view.underWay = self.pools.mapValues(\.underWay).filter { $0.value > 0 }
        return view
    }
}
