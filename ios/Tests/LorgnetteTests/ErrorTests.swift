// What goes wrong says so in the right case, with the runtime's words.

import Foundation
import Lorgnette
import XCTest

final class ErrorTests: XCTestCase {
    func testAMissingFile() async throws {
        let runtime = try await device.value
        await assertThrows {
            try await Model.load(URL(filePath: "/nowhere/model.gguf"), on: runtime)
        } _: { error in
            if case .model(let message) = error { message.contains("/nowhere/model.gguf") } else { false }
        }
    }

    func testAFileThatIsNoModel() async throws {
        let runtime = try await device.value
        await assertThrows {
            try await Model.load(URL(filePath: #filePath), on: runtime)
        } _: { error in
            if case .model = error { true } else { false }
        }
    }

    func testABudgetThatIsTooSmall() async throws {
        let runtime = try await device.value
        let options = LoadOptions(budget: Budget(bytes: 100_000))
        await assertThrows {
            try await Model.load(noise, on: runtime, options: options)
        } _: { error in
            if case .memory(let message) = error { message.contains("budget") } else { false }
        }
        XCTAssertFalse(try inspect(noise, options: options).fits)
    }

    func testAnAdapterThatIsNotThere() async {
        await assertThrows {
            try await Runtime.open(RuntimeOptions(adapter: "no such adapter"))
        } _: { error in
            if case .input(let message) = error { message.contains("no such adapter") } else { false }
        }
    }

    func testAPromptLongerThanTheContext() async throws {
        let session = try await load(noise, context: 64).session()
        await assertThrows {
            try await session.answer(String(repeating: "word ", count: 100)).whole()
        } _: { error in
            if case .input = error { true } else { false }
        }
        let next = try await Whole(session.answer("Hello", options: .greedy(4)))
        XCTAssertEqual(next.ids.count, 4, "the session answers the next question")
    }

    func testOptionsThatCannotBe() async throws {
        let session = try await load(noise).session()
        await assertThrows {
            try await session.answer("Hello", options: AnswerOptions(temperature: -1)).whole()
        } _: { error in
            if case .input(let message) = error { message.contains("temperature") } else { false }
        }
    }

    func testASessionThatIsAnswering() async throws {
        let session = try await load(noise).session()
        var found: LorgnetteError?
        for try await _ in session.answer("Hello", options: .greedy(900)) {
            do { _ = try session.tokens() } catch { found = error }
            break
        }
        guard case .busy = found else { return XCTFail("\(String(describing: found))") }
    }
}
