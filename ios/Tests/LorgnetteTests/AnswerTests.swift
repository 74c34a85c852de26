// Answers as they stream: what comes, in which pieces, in which session.

import Foundation
import Lorgnette
import XCTest

final class AnswerTests: XCTestCase {
    func testALoadSaysHowFarItIs() async throws {
        let stages = Stages()
        let model = try await Model.load(
            noise, on: device.value, options: LoadOptions(context: 64), progress: { stages.add($0) })
        let told = stages.all
        XCTAssertEqual(told.last { $0.stage == .weights }?.fraction, 1)
        XCTAssertTrue(told.allSatisfy { (0...1).contains($0.fraction) })
        XCTAssertLessThan(told.count, 303, "at most one for each percent of a stage")
        XCTAssertEqual(model.context, 64)
        XCTAssertGreaterThan(model.loadTimings.loadS, 0)
        XCTAssertGreaterThan(model.memory.gpuBytes, 900_000, "the weights at least")
        XCTAssertEqual(try inspect(noise, options: LoadOptions(context: 64)).layers, 2)
    }

    func testAnAnswerStreamsAndIsTheSameAgain() async throws {
        let model = try await load(noise)
        let first = try await Whole(try model.session().answer("Hello", options: .greedy(24)))
        XCTAssertEqual(first.done?.stop, .length)
        XCTAssertEqual(first.ids.count, 24)
        XCTAssertGreaterThan(first.pieces, 1, "it streams")
        XCTAssertEqual(first.text, model.decode(first.ids))
        let again = try await Whole(try model.session().answer([.user("Hello")], options: .greedy(24)))
        XCTAssertEqual(again.ids, first.ids)
        XCTAssertEqual(again.text, first.text)
        let drawn = try await Whole(try model.session().answer("Hello", options: .drawn(24, seed: 7)))
        let same = try await Whole(try model.session().answer("Hello", options: .drawn(24, seed: 7)))
        XCTAssertEqual(drawn.ids, same.ids)
        XCTAssertNotEqual(drawn.ids, first.ids)
    }

    func testTheLikeliestTokenHasTheLargestLogit() async throws {
        let session = try await load(noise).session()
        let logits = try session.logits([1, 2, 3])
        XCTAssertEqual(logits.count, 512)
        let next = try await Whole(session.continue([1, 2, 3], options: .greedy(1)))
        XCTAssertEqual(next.ids.first, logits.indices.max { logits[$0] < logits[$1] }.map(UInt32.init))
    }

    func testASecondQuestionReadsOnlyWhatIsNew() async throws {
        let model = try await load(recital)
        let session = try model.session()
        let first = try await session.answer("One").whole()
        XCTAssertEqual(first, try recited())
        let conversation: [Message] = [.user("One"), .assistant(first), .user("Two")]
        let second = try await Whole(session.answer(conversation))
        XCTAssertEqual(second.text, first)
        let prompt = try model.encode(conversation).count
        let read = Int(try XCTUnwrap(second.done).timings.promptTokens)
        XCTAssertLessThan(read, prompt, "what the session knew is not read again")
        XCTAssertEqual(try session.tokens().prefix(prompt), try model.encode(conversation)[...])
    }

    func testTwoSessionsAnswerAtOnce() async throws {
        let model = try await load(noise)
        let alone = [
            try await Whole(try model.session().answer("One", options: .greedy(32))),
            try await Whole(try model.session().answer("Two", options: .greedy(32))),
        ]
        let (first, second) = (try model.session(), try model.session())
        async let one = Whole(first.answer("One", options: .greedy(32)))
        async let two = Whole(second.answer("Two", options: .greedy(32)))
        let together = try await [one, two]
        XCTAssertEqual(together.map(\.ids), alone.map(\.ids))
        XCTAssertNotEqual(together[0].ids, together[1].ids)
    }

    func testASecondAnswerOfASessionWaitsForTheFirst() async throws {
        let session = try await load(recital).session()
        async let one = session.answer("One").whole()
        async let two = session.answer("Two").whole()
        let both = try await [one, two]
        XCTAssertEqual(both, [try recited(), try recited()])
    }

    func testCharactersComeWhole() async throws {
        let model = try await loadOnReferences(recital)
        var pieces: [String] = []
        for try await piece in try model.session().answer("Say it.").text {
            pieces.append(piece)
        }
        XCTAssertEqual(pieces.joined(), try recited())
        XCTAssertFalse(pieces.contains { $0.unicodeScalars.contains("\u{FFFD}") || $0.isEmpty })
        XCTAssertGreaterThan(pieces.count, 1)
    }

    /// On the references, which are quicker than a software driver where a step is next to nothing.
    func testTenThousandPiecesLeaveNothingBehind() async throws {
        let session = try await loadOnReferences(recital, context: 128).session()
        try session.setOverflow(.slide(keep: nil))
        let round = try recited()
        var uses: [Int] = []
        for _ in 0...10 {
            let whole = try await Whole(session.answer("On and on.", options: .greedy(1_000)))
            XCTAssertEqual(whole.ids.count, 1_000)
            let times = whole.text.count / round.count
            XCTAssertGreaterThan(times, 8)
            XCTAssertTrue(whole.text.hasPrefix(String(repeating: round, count: times)), "not a character is lost")
            uses.append(try residentBytes())
        }
        // What stayed of each batch would come every time, 100 bytes and more.
        let grown = zip(uses, uses.dropFirst()).map { $1 - $0 }.sorted()
        print("10,000 pieces, bytes more resident behind each thousand: \(grown)")
        XCTAssertLessThan(grown[5], 50_000)
    }

    func testRecordsAreCodable() async throws {
        let options = AnswerOptions(maxTokens: 3, temperature: 0, stop: ["\n"])
        let copy = try JSONDecoder().decode(AnswerOptions.self, from: JSONEncoder().encode(options))
        XCTAssertEqual(copy, options)
        let message = Message.system("Be brief.")
        XCTAssertEqual(try JSONDecoder().decode(Message.self, from: JSONEncoder().encode(message)), message)
        let session = try await load(recital).session()
        let done = try await Whole(session.answer("Go.")).done
        let event = Event.done(try XCTUnwrap(done))
        XCTAssertEqual(try JSONDecoder().decode(Event.self, from: JSONEncoder().encode(event)), event)
    }
}

/// Bytes of this process that are in memory, as Linux counts them; 0 elsewhere.
private func residentBytes() throws -> Int {
    #if os(Linux)
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
        return Int(pages)! * sysconf(Int32(_SC_PAGESIZE))
    #else
        return 0
    #endif
}

/// What a load said, from whichever thread.
private final class Stages: @unchecked Sendable {
    private let lock = NSLock()
    private var told: [LoadProgress] = []

    var all: [LoadProgress] { lock.withLock { told } }

    func add(_ progress: LoadProgress) { lock.withLock { told.append(progress) } }
}
