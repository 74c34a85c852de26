// Ending an answer early: by its task, by leaving the loop, before it begins. Work of the GPU is counted, not timed.

import Foundation
import Lorgnette
import XCTest

final class CancelTests: XCTestCase {
    func testCancellingTheTaskFreesTheSession() async throws {
        let runtime = try await device.value
        let session = try await load(noise).session()
        let before = runtime.counters.submits
        let pieces = Counter()
        let task = Task {
            for try await event in session.answer("Hello", options: .greedy(900)) {
                if case .text = event { pieces.add() }
            }
        }
        while pieces.count < 3 { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        _ = await task.result
        let next = try await Whole(session.answer("Hello", options: .greedy(8)))
        XCTAssertEqual(next.ids.count, 8)
        XCTAssertLessThan(runtime.counters.submits - before, 450, "far from 900 tokens")
    }

    func testNothingIsSubmittedBehindACancelledAnswer() async throws {
        let runtime = try await device.value
        let session = try await load(noise).session()
        let pieces = Counter()
        let task = Task {
            for try await _ in session.answer("Hello", options: .greedy(900)) { pieces.add() }
        }
        while pieces.count < 1 { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        let atCancel = runtime.counters.submits
        // Asked as soon as it is free; the tokens that a session has are those it chose.
        while (try? session.tokens()) == nil { try await Task.sleep(for: .milliseconds(1)) }
        let atEnd = runtime.counters.submits
        XCTAssertLessThanOrEqual(atEnd - atCancel, 1, "the submit that was being made")
        try await Task.sleep(for: .milliseconds(50))
        XCTAssertEqual(runtime.counters.submits, atEnd, "silence")
        XCTAssertLessThan(try session.tokens().count, 900)
        _ = await task.result
    }

    func testABodyThatBlocksDoesNotKeepTheGPUAtWork() async throws {
        // Right behind an event, and long behind one.
        for delay in [0, 0, 0, 1, 2, 5, 20, 100] {
            try await cancelled(behind: delay) { block(for: 0.4) }
        }
    }

    func testABodyThatAwaitsSomethingElseDoesNotKeepTheGPUAtWork() async throws {
        for delay in [0, 0, 0, 1, 2, 5, 20, 100] {
            try await cancelled(behind: delay) {
                await withCheckedContinuation { continuation in
                    DispatchQueue.global().asyncAfter(deadline: .now() + 0.4) { continuation.resume() }
                }
            }
        }
    }

    /// Cancels an answer so many milliseconds after the body of its loop went to work, which hears nothing of it.
    private func cancelled(behind delay: Int, _ work: @escaping @Sendable () async -> Void) async throws {
        let runtime = try await device.value
        let session = try await load(noise).session()
        let (begun, ended) = (Counter(), Counter())
        let task = Task {
            for try await _ in session.answer("Hello", options: .greedy(900)) {
                begun.add()
                if begun.count > 1 { continue }
                await work()
                ended.add()
            }
        }
        while begun.count == 0 { await Task.yield() }
        if delay > 0 { try await Task.sleep(for: .milliseconds(delay)) }
        let atCancel = runtime.counters.submits
        task.cancel()
        try await Task.sleep(for: .milliseconds(250))
        let meanwhile = runtime.counters.submits
        XCTAssertEqual(ended.count, 0, "the body is at work")
        XCTAssertLessThanOrEqual(meanwhile - atCancel, 1, "\(delay) ms behind the event")
        _ = await task.result
        XCTAssertLessThanOrEqual(runtime.counters.submits - atCancel, 1, "until the task ended")
        let next = try await Whole(session.answer("Hello", options: .greedy(8)))
        XCTAssertEqual(next.ids.count, 8, "the session answers the next question")
    }

    func testLeavingTheLoopEndsTheAnswer() async throws {
        let session = try await load(noise).session()
        for try await _ in session.answer("Hello", options: .greedy(900)) { break }
        let next = try await Whole(session.answer("Hello", options: .greedy(8)))
        XCTAssertEqual(next.done?.stop, .length)
    }

    func testManyLeftLoopsLeaveTheSessionFree() async throws {
        let session = try await load(noise).session()
        for events in 1...20 {
            var seen = 0
            for try await _ in session.answer("Hello", options: .greedy(900)) {
                seen += 1
                if seen == events { break }
            }
            XCTAssertEqual(seen, events)
        }
        // Free by itself, without another answer that waits for it.
        var tokens: [UInt32]?
        while tokens == nil {
            tokens = try? session.tokens()
            try await Task.sleep(for: .milliseconds(1))
        }
        let next = try await Whole(session.answer("Hello", options: .greedy(8)))
        XCTAssertEqual(next.ids.count, 8)
    }

    func testATaskCancelledInTheLineLeavesIt() async throws {
        let runtime = try await device.value
        let session = try await load(noise).session()
        let (begun, open) = (Counter(), Gate())
        let first = Task {
            for try await _ in session.answer("Hello", options: .greedy(900)) {
                begun.add()
                await open.wait()
                break
            }
        }
        while begun.count == 0 { await Task.yield() }
        let line = (0..<5).map { number in
            Task { try await Whole(session.answer("Number \(number)", options: .greedy(8))).ids.count }
        }
        try await Task.sleep(for: .milliseconds(50))
        let before = runtime.counters.submits
        for left in [1, 4] {
            line[left].cancel()
            // It ends while the first answer still has the session.
            let ids = try await line[left].value
            XCTAssertEqual(ids, 0)
        }
        XCTAssertEqual(runtime.counters.submits, before, "it asked nothing, and the others wait")
        open.open()
        _ = await first.result
        for stays in [0, 2, 3] {
            let ids = try await line[stays].value
            XCTAssertEqual(ids, 8)
        }
    }

    func testTheSessionIsFreeWhenACancelledLoopHasEnded() async throws {
        let session = try await load(noise).session()
        for _ in 0..<10 {
            let pieces = Counter()
            let task = Task {
                for try await _ in session.answer("Hello", options: .greedy(900)) { pieces.add() }
                return try session.tokens().count
            }
            while pieces.count < 2 { await Task.yield() }
            task.cancel()
            let tokens = try await task.value
            XCTAssertLessThan(tokens, 900)
        }
    }

    func testATaskCancelledBeforehandAsksNothing() async throws {
        let runtime = try await device.value
        let session = try await load(noise).session()
        let before = runtime.counters.submits
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            for try await _ in session.answer("Hello", options: .greedy(900)) {}
        }
        task.cancel()
        _ = await task.result
        let next = try await Whole(session.answer("Hello", options: .greedy(1)))
        XCTAssertEqual(next.ids.count, 1)
        XCTAssertLessThan(runtime.counters.submits - before, 20)
    }

    func testAnAnswerIsMadeAgainEachTime() async throws {
        let answer = try await load(recital).session().answer("Twice.")
        let first = try await answer.whole()
        let second = try await answer.whole()
        XCTAssertEqual(first, second)
        XCTAssertEqual(first, try recited())
    }
}

/// Keeps its thread.
private func block(for seconds: TimeInterval) { Thread.sleep(forTimeInterval: seconds) }

/// Lets those who wait through once it is open; hears of no cancel.
private final class Gate: Sendable {
    private let (stream, continuation) = AsyncStream<Void>.makeStream()

    func wait() async { await Task { for await _ in stream {} }.value }

    func open() { continuation.finish() }
}
