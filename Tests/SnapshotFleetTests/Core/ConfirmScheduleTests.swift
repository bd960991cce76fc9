// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite struct ConfirmScheduleTests {
    private static let start = Instant(seconds: 1_800_000_000)

    private static func moment(_ seconds: Double) -> Instant { Self.start + .seconds(seconds) }

    /// A copy that began at the start and takes so long, looked at at these moments.
    private static func watch(taking duration: Double, looks: [Double]) -> CopyWatch {
        var watch = CopyWatch(startedAt: Self.start, wasAdopted: false, percent: 0)
        for look in looks {
            let percent = Int(look / duration * 100)
            watch.finish.observe(percent: percent, at: Self.moment(look))
            watch.seenAt = Self.moment(look)
            watch.movedAt = Self.moment(look)
            watch.percent = percent
        }
        return watch
    }

    @Test("the end is between the bounds, and every look narrows them", arguments: [600.0, 1800, 7200])
    func bounds(duration: Double) throws {
        var width = Duration.seconds(1_000_000)
        for looks in 1...9 {
            let moments = (1...looks).map { Double($0) * duration / 10 + 3 }
            let finish = Self.watch(taking: duration, looks: moments).finish
            let (earliest, latest) = (try #require(finish.earliest), try #require(finish.latest))
            #expect(earliest <= Self.moment(duration) && Self.moment(duration) <= latest)
            #expect(latest - earliest <= width)
            width = latest - earliest
        }
        #expect(width <= .seconds(duration / 40))
    }

    @Test("a copy that waits its turn tells nothing until it moves")
    func queued() throws {
        var finish = FinishEstimate(start: Self.start)
        for minute in 1...30 { finish.observe(percent: 0, at: Self.moment(Double(minute) * 60)) }
        #expect(finish.earliest == nil)
        finish.observe(percent: 10, at: Self.moment(1980))
        // Ten percent in three minutes; the half hour before does not count.
        #expect(try #require(finish.earliest) < Self.moment(3700))
        #expect(try #require(finish.latest) >= Self.moment(3420))
    }

    @Test("where the pace changes, the latest pace counts")
    func otherPace() throws {
        var finish = FinishEstimate(start: Self.start)
        finish.observe(percent: 50, at: Self.moment(1000))
        finish.observe(percent: 55, at: Self.moment(2000))
        finish.observe(percent: 60, at: Self.moment(3000))
        let earliest = try #require(finish.earliest)
        #expect(earliest > Self.moment(8000))
        #expect(earliest < Self.moment(12_000))
    }

    @Test("the first look at a copy comes within a minute, unless copies here take long")
    func firstLook() {
        let schedule = ConfirmSchedule()
        let new = CopyWatch(startedAt: Self.start, wasAdopted: false, percent: 0)
        #expect(schedule.nextLook([new], lookedAt: nil) == Self.moment(54))
        var known = new
        known.leastDuration = .seconds(200)
        #expect(schedule.nextLook([known], lookedAt: nil) == Self.moment(200))
        known.leastDuration = .seconds(7200)
        #expect(schedule.nextLook([known], lookedAt: nil) == Self.moment(300))
    }

    @Test("one look waits for a copy that ends a little later, though not for longer than a minute")
    func together() throws {
        let schedule = ConfirmSchedule(longest: .seconds(3600))
        let looks = stride(from: 60.0, through: 1740, by: 60).map { $0 }
        let first = Self.watch(taking: 1800, looks: looks)
        let second = Self.watch(taking: 1840, looks: looks)
        let third = Self.watch(taking: 1900, looks: looks)
        let alone = try #require(schedule.nextLook([first], lookedAt: nil))
        #expect(alone >= Self.moment(1800) && alone <= Self.moment(1815))
        let both = try #require(schedule.nextLook([first, second, third], lookedAt: nil))
        #expect(both >= Self.moment(1840) && both <= Self.moment(1860))
    }

    @Test("looks keep their distance, and a copy that should be done long ago is looked at ever less often")
    func overdue() {
        let schedule = ConfirmSchedule()
        var watch = Self.watch(taking: 1800, looks: [600, 1200, 1790])
        watch.seenAt = Self.moment(4000)
        watch.finish.observe(percent: 99, at: Self.moment(4000))
        #expect(schedule.nextLook([watch], lookedAt: Self.moment(4000)) == Self.moment(4300))
        watch.movedAt = Self.moment(3990)
        let soon = schedule.nextLook([watch], lookedAt: Self.moment(4000))
        #expect(soon.map { $0 >= Self.moment(4015) && $0 <= Self.moment(4060) } == true)
    }

    @Test("nothing is looked at where nothing is in progress")
    func nothing() {
        #expect(ConfirmSchedule().nextLook([CopyWatch](), lookedAt: Self.start) == nil)
    }
}
