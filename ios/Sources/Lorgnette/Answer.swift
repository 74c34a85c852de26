// An answer as it streams: a sequence of events.

import LorgnetteBindings

/// What happens while an answer is made.
public enum Event: Hashable, Codable, Sendable {
    /// Whole characters, never a part of a stop string, and the tokens that were chosen meanwhile. The characters of a
    /// token may come later than it.
    case text(String, tokens: [Token])
    /// The answer is complete. The last event.
    case done(Done)
}

/// An answer. It is made as often as it is iterated over, from the first event to the last.
///
/// Events are made as the loop asks for them, and the GPU works at most one token ahead of it: while the loop's body is
/// at work, one more submit is made at the most. So cancelling the task stops the GPU within one submit, whatever the
/// body does just then. The loop ends without another event where it asks for the next one; the session is ready for
/// another answer then, and soon after a loop is left early.
///
/// An answer begins with its first event, when those of the session that began before it have ended. So one that is
/// asked for in the body of another one's loop, by the same session, waits for ever, or until its task is cancelled.
public struct Answer: AsyncSequence, Sendable {
    public typealias Element = Event

    let session: Session
    let prompt: Prompt
    let options: AnswerOptions

    /// The text alone.
    public var text: AsyncCompactMapSequence<Answer, String> {
        compactMap { event in
            guard case .text(let text, _) = event, !text.isEmpty else { return nil }
            return text
        }
    }

    /// Waits for the whole text.
    public func whole() async throws -> String {
        try await text.reduce(into: "") { $0 += $1 }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(loop: Loop(Making(self))) }

    /// Where one loop is in an answer. The answer ends with it.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        private let loop: Loop
        /// What came together, the next at the end.
        private var waiting: [Event] = []

        fileprivate init(loop: Loop) { self.loop = loop }

        public mutating func next() async throws -> Event? { try await next(isolation: nil) }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Event? {
            while waiting.isEmpty, let batch = try await loop.making.next(isolation: actor) {
                if let done = batch.done { waiting.append(.done(done)) }
                if !batch.text.isEmpty || !batch.tokens.isEmpty {
                    waiting.append(.text(batch.text, tokens: batch.tokens))
                }
            }
            return waiting.popLast()
        }
    }
}

/// What the loop holds, and nothing else: it goes when the loop is left.
private final class Loop: Sendable {
    let making: Making

    init(_ making: Making) { self.making = making }

    deinit { making.leave() }
}
