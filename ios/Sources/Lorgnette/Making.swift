// An answer that is being made: asked for in the session's turn, pulled, stopped, let go. The loop that makes it is in
// Rust.

import Foundation
import LorgnetteBindings

/// One iteration over an ``Answer``. What may wait for the GPU runs on the session's queue, never on a thread of
/// Swift's; it stays there from the first event to the last, so that a token wakes no more threads than it must.
final class Making: @unchecked Sendable {
    private typealias Part = Result<Batch?, any Error>

    private let session: Session
    private let prompt: Prompt
    private let options: AnswerOptions
    // The lock guards what follows.
    private let lock = NSLock()
    private var answer: LorgnetteBindings.Answer?
    private var state = State.idle
    private var isStopped = false
    /// What came before anybody waited for it.
    private var ready: [Part] = []
    private var waiting: [CheckedContinuation<Batch?, any Error>] = []

    private enum State { case idle, hasTurn, begun, ended }

    init(_ answer: Answer) {
        (session, prompt, options) = (answer.session, answer.prompt, answer.options)
    }

    /// What comes next; nil behind the end, and when the task is cancelled. The session is free behind nil.
    func next() async throws -> Batch? {
        try await withTaskCancellationHandler {
            guard await takeTurn() else { return nil }
            return try await withCheckedThrowingContinuation { ask(for: $0) }
        } onCancel: {
            stop()
        }
    }

    /// Ends it, and then the session's turn; from any thread, and without waiting for that.
    func stop() {
        lock.withLock {
            isStopped = true
            ready = []
            answer?.cancel()
        }
    }

    private func takeTurn() async -> Bool {
        guard lock.withLock({ state == .idle }) else { return true }
        guard await session.turns.take() else { return false }
        let isFirst = lock.withLock {
            defer { state = state == .idle ? .hasTurn : state }
            return state == .idle
        }
        // A copy of the iterator was quicker.
        if !isFirst { session.turns.give() }
        return true
    }

    private func ask(for continuation: CheckedContinuation<Batch?, any Error>) {
        let part: Part? = lock.withLock {
            // What is asked for before it has begun is asked for when it does.
            answer?.want()
            if !ready.isEmpty { return ready.removeFirst() }
            if state == .ended { return .success(nil) }
            waiting.append(continuation)
            if state == .hasTurn {
                state = .begun
                session.queue.async { self.make() }
            }
            return nil
        }
        if let part { continuation.resume(with: part) }
    }

    private func hand(over part: Part) {
        let first = lock.withLock {
            if waiting.isEmpty { ready.append(part) }
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
        first?.resume(with: part)
    }

    /// From the first event to the last. The last one is handed over when the session is free.
    private func make() {
        var last: [Part] = []
        do {
            let answer = try begin()
            while let batch = try answer?.next() {
                if lock.withLock({ isStopped }) { continue }
                batch.done == nil ? hand(over: .success(batch)) : last.append(.success(batch))
            }
        } catch {
            last.append(.failure(LorgnetteError(error)))
        }
        session.turns.give()
        last.forEach(hand(over:))
        let left = lock.withLock {
            defer { (answer, state, waiting) = (nil, .ended, []) }
            return waiting
        }
        left.forEach { $0.resume(returning: nil) }
    }

    /// The answer, unless it is to end.
    private func begin() throws -> LorgnetteBindings.Answer? {
        if lock.withLock({ isStopped }) { return nil }
        // No more than a submit ahead: while the loop's body is at work, Swift does not tell of a cancel.
        let begun = try session.inner.answer(prompt: prompt, options: options, ahead: 0)
        lock.withLock {
            answer = begun
            waiting.forEach { _ in begun.want() }
            if isStopped { begun.cancel() }
        }
        return begun
    }
}
