// How long a token takes in Swift: the same as runtime/examples/tokens.rs, which is what it is held against.
// Bench MODEL TOKENS ADAPTER

import Foundation
import Lorgnette

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 3, let tokens = UInt32(arguments[2]) else {
    FileHandle.standardError.write(Data("expected MODEL TOKENS ADAPTER\n".utf8))
    exit(2)
}
let runtime = try await Runtime.open(RuntimeOptions(adapter: arguments[3]))
let model = try await Model.load(
    URL(filePath: arguments[1]), on: runtime, options: LoadOptions(context: tokens + 64))
let options = AnswerOptions(maxTokens: tokens, temperature: 0, ignoreEnd: true)

let clock = ContinuousClock()
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
