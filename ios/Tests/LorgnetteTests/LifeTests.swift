// An app's life during an answer: pauses, a lost device, memory that runs short, a slow listener. The text is the same as
// without. Work of the GPU is counted, not timed.

import Foundation
import Lorgnette
import UIKit
import XCTest

final class LifeTests: XCTestCase {
    func testAPausedAnswerGoesOnWhereItWas() async throws {
        let (runtime, model) = try await own()
        let expected = try await Whole(try model.session().answer("Hello", options: .greedy(60)))
        let (session, pieces) = (try model.session(), Counter())
        let answering = Task {
            var text = ""
            for try await piece in session.answer("Hello", options: .greedy(60)).text {
                pieces.add()
                text += piece
            }
            return text
        }
        while pieces.count < 5 { try await Task.sleep(for: .milliseconds(1)) }
        runtime.pause()
        XCTAssertTrue(runtime.isPaused)
        let silent = runtime.counters.submits
        try await Task.sleep(for: .milliseconds(60))
        XCTAssertEqual(runtime.counters.submits, silent, "nothing is submitted in a pause")
        runtime.resume()
        let text = try await answering.value
        XCTAssertEqual(text, expected.text)
    }

    func testCancellingAPausedAnswer() async throws {
        let (runtime, model) = try await own()
        let session = try model.session()
        runtime.pause()
        let answering = Task { try await session.answer("Hello", options: .greedy(60)).whole() }
        try await Task.sleep(for: .milliseconds(20))
        answering.cancel()
        let text = try? await answering.value
        XCTAssertEqual(text ?? "", "")
        runtime.resume()
        let next = try await Whole(session.answer("Hello", options: .greedy(4)))
        XCTAssertEqual(next.ids.count, 4)
    }

    /// It would hang if answers waited on Swift's own threads, of which there are as many as processors.
    func testAnswersThatWaitBlockNoThreadOfSwift() async throws {
        let (runtime, model) = try await own()
        let sessions = try (0..<2 * ProcessInfo.processInfo.activeProcessorCount).map { _ in try model.session() }
        runtime.pause()
        let answers = sessions.map { session in
            Task { try await session.answer("Hello", options: .greedy(3)).whole() }
        }
        for _ in 0..<100 { await Task.detached { await Task.yield() }.value }
        runtime.resume()
        var texts: Set<String> = []
        for answer in answers { texts.insert(try await answer.value) }
        XCTAssertEqual(texts.count, 1)
    }

    /// The points are the seeds: half of the answers are greedy, half are drawn.
    func testALostDeviceAtTwentyPoints() async throws {
        let (runtime, model) = try await own()
        let answers = [AnswerOptions.greedy(40), .drawn(40, seed: 11)]
        var expected: [Whole] = []
        for options in answers {
            expected.append(try await Whole(try model.session().answer("Hello", options: options)))
        }
        var points = SeededPoints(seed: 20)
        for round in 0..<20 {
            let point = points.next(below: 38)
            let session = try model.session()
            var (text, ids, lost) = ("", [UInt32](), false)
            for try await event in session.answer("Hello", options: answers[round % 2]) {
                guard case .text(let piece, let tokens) = event else { continue }
                text += piece
                ids += tokens.map(\.id)
                if !lost, ids.count > point {
                    runtime.loseDevice()
                    lost = true
                }
            }
            XCTAssertTrue(lost)
            XCTAssertEqual(ids, expected[round % 2].ids, "lost behind token \(point) of round \(round)")
            XCTAssertEqual(text, expected[round % 2].text)
        }
    }

    func testAPacedAnswerLeavesTheGPUAlone() async throws {
        let (runtime, model) = try await own()
        let plain = try await Whole(try model.session().answer("Hello", options: .drawn(6, seed: 3)))
        let session = try model.session()
        try session.setPace(.tokensPerSecond(rate: 5))
        var (ids, idle) = ([UInt32](), 0)
        for try await event in session.answer("Hello", options: .drawn(6, seed: 3)) {
            guard case .text(_, let tokens) = event else { continue }
            ids += tokens.map(\.id)
            // The next token is due 200 ms behind this one.
            let submits = runtime.counters.submits
            try await Task.sleep(for: .milliseconds(60))
            if runtime.counters.submits == submits { idle += 1 }
        }
        XCTAssertEqual(ids, plain.ids)
        XCTAssertGreaterThanOrEqual(idle, 4, "of 6 tokens")
    }

    func testMemoryIsGivenBackAndComesBack() async throws {
        let (runtime, model) = try await own()
        let session = try model.session()
        let first = try await Whole(session.answer("Hello", options: .greedy(12)))
        let before = runtime.counters.liveBytes
        let caches = model.trim(.sessions)
        XCTAssertGreaterThan(caches, 0)
        let weights = model.trim(.weights)
        XCTAssertGreaterThan(weights, 800_000)
        XCTAssertEqual(Int(before - runtime.counters.liveBytes), caches + weights)
        let conversation: [Message] = [.user("Hello"), .assistant(first.text), .user("And?")]
        let again = try await Whole(session.answer(conversation, options: .greedy(12)))
        let fresh = try await Whole(try model.session().answer(conversation, options: .greedy(12)))
        XCTAssertEqual(again.ids, fresh.ids)
    }

    /// What an iPhone posts, posted here.
    @MainActor func testTheLifeOfAnApp() async throws {
        let (runtime, model) = try await own()
        let center = NotificationCenter()
        var lifecycle: Lifecycle? = Lifecycle(of: runtime, center: center) { [model] }
        XCTAssertNotNil(lifecycle)
        center.post(name: UIApplication.didEnterBackgroundNotification, object: nil)
        XCTAssertTrue(runtime.isPaused)
        center.post(name: UIApplication.willEnterForegroundNotification, object: nil)
        XCTAssertFalse(runtime.isPaused)
        let held = runtime.counters.liveBytes
        center.post(name: UIApplication.didReceiveMemoryWarningNotification, object: nil)
        XCTAssertLessThan(runtime.counters.liveBytes, held)
        lifecycle = nil
        center.post(name: UIApplication.didEnterBackgroundNotification, object: nil)
        XCTAssertFalse(runtime.isPaused, "nobody follows any more")
        XCTAssertEqual(Budget.suggested(available: 2 << 30).bytes, 1 << 30)
    }

    func testAModelFromADescriptor() async throws {
        let handle = try FileHandle(forReadingFrom: noise)
        let model = try await Model.load(descriptor: handle.fileDescriptor, on: device.value)
        try handle.close()
        let expected = try await Whole(try await load(noise).session().answer("Hello", options: .greedy(8)))
        let found = try await Whole(try model.session().answer("Hello", options: .greedy(8)))
        XCTAssertEqual(found.ids, expected.ids)
    }
}

/// A device of the test's own, so that what is done to it is done to nobody else.
private func own() async throws -> (Runtime, Model) {
    let cache = ProcessInfo.processInfo.environment["LORGNETTE_TEST_CACHE"]
    let runtime = try await Runtime.open(RuntimeOptions(cacheDir: cache, variants: "in-order"))
    return (runtime, try await Model.load(noise, on: runtime, options: LoadOptions(context: 256)))
}

/// Points that are the same each time.
private struct SeededPoints {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }
}
