// An answer as it streams. The loop that makes it is in Rust: here it is pulled off Swift's threads, and stopped.

import Foundation
import LorgnetteBindings

/// What happens while an answer is made.
public enum Event: Hashable, Codable, Sendable {
    /// Whole characters, never a part of a stop string, and the tokens that were chosen meanwhile. The characters of a token
    /// may come later than it.
    case text(String, tokens: [Token])
    /// The answer is complete. The last event.
    case done(Done)
}

/// An answer. It is made as often as it is iterated over, from the first event to the last. Leaving the loop or cancelling
/// its task stops the GPU before its next submit; the session is ready for another answer then.
///
/// An answer does not wait for a slow loop: it is made ahead. Swift tells of a cancel where the loop waits for an event, so
/// that work in its body should end with its task too.
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

    public func makeAsyncIterator() -> AsyncThrowingStream<Event, any Error>.Iterator {
        let stream = AsyncThrowingStream<Event, any Error> { continuation in
            let stopper = Stopper()
            continuation.onTermination = { _ in stopper.stop() }
            session.queue.async { make(for: continuation, stopper) }
        }
        return stream.makeAsyncIterator()
    }

    private func make(for continuation: AsyncThrowingStream<Event, any Error>.Continuation, _ stopper: Stopper) {
        do {
            guard !stopper.isStopped else { return continuation.finish() }
            let answer = try session.inner.answer(prompt: prompt, options: options)
            stopper.watch(answer)
            while let batch = try answer.next() {
                if !batch.text.isEmpty || !batch.tokens.isEmpty {
                    continuation.yield(.text(batch.text, tokens: batch.tokens))
                }
                if let done = batch.done {
                    continuation.yield(.done(done))
                }
            }
            continuation.finish()
        } catch {
            continuation.finish(throwing: LorgnetteError(error))
        }
    }
}

/// Stops an answer that may not have begun yet.
private final class Stopper: @unchecked Sendable {
    // The lock guards both.
    private let lock = NSLock()
    private var answer: LorgnetteBindings.Answer?
    private var stopped = false

    var isStopped: Bool { lock.withLock { stopped } }

    func watch(_ begun: LorgnetteBindings.Answer) {
        let late = lock.withLock {
            answer = begun
            return stopped
        }
        if late { begun.cancel() }
    }

    func stop() {
        let begun = lock.withLock {
            stopped = true
            return answer
        }
        begun?.cancel()
    }
}
