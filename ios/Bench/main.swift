// How long a token takes in Swift: the same as runtime/examples/tokens.rs, which is what it is held against.
// Bench MODEL TOKENS ADAPTER

import Foundation
import Lorgnette

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 3, let tokens = UInt32(arguments[2]) else {
    FileHandle.standardError.write(Data("expected MODEL TOKENS ADAPTER\n".utf8))
    exit(2)
}
try await measure(CommandLine.arguments[1], tokens, CommandLine.arguments[3])

/// Nowhere in particular: on Linux, what is isolated to the main actor is passed on by another thread first.
nonisolated func measure(_ path: String, _ tokens: UInt32, _ adapter: String) async throws {
    let runtime = try await Runtime.open(RuntimeOptions(adapter: adapter))
    let model = try await Model.load(
        URL(filePath: path), on: runtime, options: LoadOptions(context: tokens + 64))
    let options = AnswerOptions(maxTokens: tokens, temperature: 0, ignoreEnd: true)

    let clock = ContinuousClock()
    while readLine() != nil {
        var first: ContinuousClock.Instant?
        var (count, bytes) = (0, 0)
        for try await event in try model.session().answer("Go on.", options: options) {
            guard case .text(let text, let made) = event else { continue }
            if first == nil, !made.isEmpty { first = clock.now }
            (count, bytes) = (count + made.count, bytes + text.utf8.count)
        }
        guard let first, count > 1 else { fatalError("no token came") }
        let taken = (clock.now - first) / Duration.nanoseconds(1)
        print("\(Int(taken) / (count - 1)) ns a token, \(count) tokens, \(bytes) bytes")
        // Where it is no terminal it would be kept.
        fflush(nil)
    }
}
