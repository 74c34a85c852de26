// An answer that is being made: begun in the session's turn, pulled, stopped, let go. The loop that makes it is in Rust.

import Foundation
import LorgnetteBindings

/// One iteration over an ``Answer``.
final class Making: @unchecked Sendable {
    private let session: Session
    private let prompt: Prompt
    private let options: AnswerOptions
    private let bell = Bell()
    // The lock guards what follows.
    private let lock = NSLock()
    private var beginning: Task<LorgnetteBindings.Answer?, any Error>?
    private var answer: LorgnetteBindings.Answer?
    private var isStopped = false
    private var hasTurn = false

    init(_ answer: Answer) {
        (session, prompt, options) = (answer.session, answer.prompt, answer.options)
    }

    /// What comes next; nil behind the end, and when the task is cancelled. The session is free behind nil.
    func next(isolation: isolated (any Actor)?) async throws -> Batch? {
        try await withTaskCancellationHandler(
            operation: {
                do {
                    guard let answer = try await begun(isolation: isolation) else { return nil }
                    while let batch = try await pull(answer, isolation: isolation) {
                        if batch.done != nil { giveTurn() }
                        if !lock.withLock({ isStopped }) { return batch }
                    }
                    giveTurn()
                    return nil
                } catch {
                    giveTurn()
                    throw LorgnetteError(error)
                }
            }, onCancel: { stop() }, isolation: isolation)
    }

    private func pull(
        _ answer: LorgnetteBindings.Answer, isolation: isolated (any Actor)?
    ) async throws -> Batch? {
        while true {
            let rung = bell.rung
            switch try answer.pull() {
            case .ready(let batch): return batch
            case .ended: return nil
            case .later: await bell.wait(behind: rung, isolation: isolation)
            }
        }
    }

    /// Ends it, and then the session's turn; from any thread, and without waiting for that.
    func leave() {
        stop()
        // Nobody pulls any more.
        if lock.withLock({ hasTurn }) { Task { try await next(isolation: nil) } }
    }

    private func stop() {
        let beginning = lock.withLock {
            isStopped = true
            answer?.cancel()
            return self.beginning
        }
        // It may wait for its turn.
        beginning?.cancel()
    }

    private func begun(isolation: isolated (any Actor)?) async throws -> LorgnetteBindings.Answer? {
        if let answer = lock.withLock({ answer }) { return answer }
        let beginning = lock.withLock {
            let beginning = self.beginning ?? Task { try await begin() }
            self.beginning = beginning
            return beginning
        }
        return try await beginning.value
    }

    /// The answer, when it is the session's turn; nil if it was stopped before.
    private func begin() async throws -> LorgnetteBindings.Answer? {
        guard await session.turns.take() else { return nil }
        let isStopped = lock.withLock {
            hasTurn = true
            return self.isStopped
        }
        if isStopped {
            giveTurn()
            return nil
        }
        // No more than a submit ahead: while the loop's body is at work, Swift does not tell of a cancel.
        let begun = try await onThread("lorgnette-begin") { [session, prompt, options, bell] in
            try session.inner.answer(prompt: prompt, options: options, ahead: 0, listener: bell)
        }
        lock.withLock {
            answer = begun
            if self.isStopped { begun.cancel() }
        }
        return begun
    }

    private func giveTurn() {
        let hadTurn = lock.withLock {
            defer { hasTurn = false }
            return hasTurn
        }
        if hadTurn { session.turns.give() }
    }
}
