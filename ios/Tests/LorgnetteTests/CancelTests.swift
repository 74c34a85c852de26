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
        // The task may be between two events: when it has ended, Rust was told.
        _ = await task.result
        let atCancel = runtime.counters.submits
        // Asked as soon as the queue is free; the tokens that a session has are those it chose.
        while (try? session.tokens()) == nil { try await Task.sleep(for: .milliseconds(1)) }
        let atEnd = runtime.counters.submits
        XCTAssertLessThanOrEqual(atEnd - atCancel, 1, "the submit that was being made")
        try await Task.sleep(for: .milliseconds(50))
        XCTAssertEqual(runtime.counters.submits, atEnd, "silence")
        XCTAssertLessThan(try session.tokens().count, 900)
    }

    func testLeavingTheLoopEndsTheAnswer() async throws {
        let session = try await load(noise).session()
        for try await _ in session.answer("Hello", options: .greedy(900)) { break }
        let next = try await Whole(session.answer("Hello", options: .greedy(8)))
        XCTAssertEqual(next.done?.stop, .length)
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
