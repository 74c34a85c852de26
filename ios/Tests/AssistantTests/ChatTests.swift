// The demo's logic with a real model: the tiny one that says a fixed text.

import Assistant
import Foundation
import Lorgnette
import UIKit
import XCTest

private let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
private let recital = repository.appending(path: "tests/data/recital/recital.gguf")

/// Its first characters.
private let opening = "Grüße aus Zürich! 日本語の文字"

final class ChatTests: XCTestCase {
    @MainActor func testAConversation() async throws {
        let chat = Chat(options: AnswerOptions(maxTokens: 200))
        XCTAssertEqual(chat.phase, .empty)
        chat.ask("Too early.")
        XCTAssertEqual(chat.messages, [])
        await chat.open(recital, on: references)
        XCTAssertEqual(chat.phase, .ready)
        XCTAssertEqual(chat.modelName, "recital")
        for question in ["One", " Two "] {
            chat.ask(question)
            XCTAssertEqual(chat.phase, .answering)
            XCTAssertFalse(chat.canAsk)
            await chat.settle()
            XCTAssertEqual(chat.phase, .ready)
        }
        XCTAssertEqual(chat.messages.map(\.role), ["user", "assistant", "user", "assistant"])
        XCTAssertEqual(chat.messages[2].content, "Two")
        XCTAssertTrue(chat.messages[3].content.hasPrefix(opening))
        XCTAssertTrue(chat.figures.contains("tokens/s"), chat.figures)
        await chat.clear()
        XCTAssertEqual(chat.messages, [])
    }

    @MainActor func testStopKeepsWhatWasSaid() async throws {
        let chat = Chat(options: AnswerOptions(maxTokens: 15_000, ignoreEnd: true))
        await chat.open(recital, options: LoadOptions(context: 16384), on: references)
        chat.ask("On and on.")
        while chat.messages[1].content.count < 40 { try await Task.sleep(for: .milliseconds(1)) }
        chat.stop()
        await chat.settle()
        XCTAssertTrue(chat.canAsk)
        XCTAssertTrue(chat.messages[1].content.hasPrefix(opening))
        XCTAssertLessThan(chat.messages[1].content.count, 10_000)
    }

    @MainActor func testAModelThatIsNotThere() async throws {
        let chat = Chat()
        await chat.open(URL(filePath: "/nowhere.gguf"), on: references)
        guard case .failed(let message) = chat.phase else { return XCTFail("\(chat.phase)") }
        XCTAssertTrue(message.contains("/nowhere.gguf"), message)
        XCTAssertFalse(chat.canAsk)
    }

    func testTheModelsOfAFolder() throws {
        let found = models(in: repository.appending(path: "tests/data/llama3-tiny"))
        XCTAssertEqual(found.map(\.name), ["q4_0", "q4_k_m"])
        XCTAssertTrue(found.allSatisfy(\.isUsable), "\(found)")
        let tight = models(in: recital.deletingLastPathComponent(), options: LoadOptions(budget: Budget(bytes: 1000)))
        XCTAssertEqual(tight.map(\.isUsable), [false])
        XCTAssertEqual(models(in: URL(filePath: "/nowhere")), [])
    }

    @MainActor func testTheWholeApp() async throws {
        let app = AssistantModel(
            folder: recital.deletingLastPathComponent(), runtimeOptions: RuntimeOptions(adapter: "cpu"),
            tokensPerSecond: 1000)
        app.look()
        let choice = try XCTUnwrap(app.choices.first)
        XCTAssertNil(app.glasses)
        await app.open(choice)
        XCTAssertTrue(app.chat.canAsk, "\(app.chat.phase)")
        // What iOS posts when the app leaves the screen.
        NotificationCenter.default.post(name: UIApplication.didEnterBackgroundNotification, object: nil)
        app.chat.ask("Both at once?")
        try await Task.sleep(for: .milliseconds(30))
        XCTAssertEqual(app.chat.messages[1].content, "", "nothing happens in the background")
        NotificationCenter.default.post(name: UIApplication.willEnterForegroundNotification, object: nil)
        let glasses = try XCTUnwrap(app.glasses)
        glasses.press()
        glasses.hear("Both at once?")
        glasses.release()
        await app.chat.settle()
        await glasses.settle()
        XCTAssertEqual(glasses.phase, .done)
        XCTAssertTrue(app.chat.messages[1].content.hasPrefix(opening))
    }
}

@MainActor private func references() async throws -> Runtime {
    try await Runtime.open(RuntimeOptions(adapter: "cpu"))
}

final class GlassesTests: XCTestCase {
    @MainActor func testHoldToAsk() async throws {
        let runtime = try await Runtime.open(RuntimeOptions(adapter: "cpu"))
        let session = try await Model.load(recital, on: runtime).session()
        let glasses = try Glasses(session: session, width: 20, tokensPerSecond: 1000)
        glasses.release()
        XCTAssertEqual(glasses.phase, .idle)
        glasses.press()
        glasses.hear("What is")
        glasses.hear("What is this?")
        XCTAssertEqual(glasses.question, "What is this?")
        glasses.release()
        XCTAssertEqual(glasses.phase, .answering)
        await glasses.settle()
        XCTAssertEqual(glasses.phase, .done)
        XCTAssertEqual(glasses.earlier.first, "Grüße aus Zürich!")
        XCTAssertTrue(glasses.earlier.allSatisfy { $0.count <= 20 })
        XCTAssertEqual(glasses.line, glasses.earlier.last)

        glasses.press()
        glasses.hear(" ")
        glasses.release()
        XCTAssertEqual(glasses.phase, .idle, "silence asks nothing")
        glasses.press()
        glasses.hear("Again")
        glasses.release()
        glasses.press()
        XCTAssertEqual(glasses.phase, .listening, "a press stops the answer")
        await glasses.settle()
        XCTAssertEqual(glasses.phase, .listening)
    }
}
