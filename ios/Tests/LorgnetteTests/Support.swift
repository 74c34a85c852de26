// What all tests share: the models of the repository and one device. No test is here.

import Foundation
import Lorgnette
import XCTest

/// The top of the repository.
let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized

/// A tiny model of random weights in the form of Llama 3.2: what it says is noise, and depends on every byte of its cache.
let noise = repository.appending(path: "tests/data/llama3-tiny/q4_0.gguf")

/// A tiny model that says recital.txt whatever it is asked.
let recital = repository.appending(path: "tests/data/recital/recital.gguf")

/// What it says.
func recited() throws -> String {
    let file = repository.appending(path: "tests/data/recital/recital.txt")
    return try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .newlines)
}

/// One device for all tests; what was learned of it is kept beside the build.
let device = Task {
    let cache = ProcessInfo.processInfo.environment["LORGNETTE_TEST_CACHE"]
    return try await Runtime.open(RuntimeOptions(cacheDir: cache, variants: "in-order"))
}

/// A model on that device.
func load(_ file: URL, context: UInt32 = 1024) async throws -> Model {
    try await Model.load(file, on: device.value, options: LoadOptions(context: context))
}

/// A model on the plain references: quick for the recital.
func loadOnReferences(_ file: URL, context: UInt32 = 1024) async throws -> Model {
    let references = try await Runtime.open(RuntimeOptions(adapter: "cpu"))
    return try await Model.load(file, on: references, options: LoadOptions(context: context))
}

extension AnswerOptions {
    /// Always the likeliest tokens, so many, whether the model would end or not.
    static func greedy(_ tokens: UInt32) -> AnswerOptions {
        AnswerOptions(maxTokens: tokens, temperature: 0, ignoreEnd: true)
    }

    /// Drawn tokens, the same for the same seed.
    static func drawn(_ tokens: UInt32, seed: UInt64) -> AnswerOptions {
        AnswerOptions(maxTokens: tokens, temperature: 1, seed: seed, ignoreEnd: true)
    }
}

/// All of an answer.
struct Whole {
    var text = ""
    var ids: [UInt32] = []
    var pieces = 0
    var done: Done?

    init(_ answer: Answer) async throws {
        for try await event in answer {
            switch event {
            case .text(let piece, let tokens):
                text += piece
                ids += tokens.map(\.id)
                pieces += 1
            case .done(let end): done = end
            }
        }
    }
}

/// Counts from several threads.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var counted = 0

    var count: Int { lock.withLock { counted } }

    func add() { lock.withLock { counted += 1 } }
}

func assertThrows<Result>(
    _ call: () async throws -> Result, _ isExpected: (LorgnetteError) -> Bool, file: StaticString = #filePath,
    line: UInt = #line
) async {
    do {
        _ = try await call()
        XCTFail("nothing was thrown", file: file, line: line)
    } catch let error as LorgnetteError {
        XCTAssertTrue(isExpected(error), "\(error)", file: file, line: line)
        XCTAssertFalse(error.localizedDescription.isEmpty, file: file, line: line)
        XCTAssertEqual(error.localizedDescription, error.message, file: file, line: line)
    } catch {
        XCTFail("\(error)", file: file, line: line)
    }
}
