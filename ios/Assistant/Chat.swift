// The chat without its screen: a model, what was said, what is being said. Views show it and call it; tests do the same.

import Foundation
import Lorgnette
import Observation

/// A conversation with the chosen model. Everything in it happens on the main actor; the model answers elsewhere.
@MainActor
@Observable
public final class Chat {
    /// What it is doing.
    public enum Phase: Equatable {
        /// No model was chosen yet.
        case empty
        /// The model is being loaded; how much of the stage is done.
        case loading(Stage, Double)
        /// It can be asked.
        case ready
        /// It is answering.
        case answering
        /// The last thing failed. What was there before still works.
        case failed(String)
    }

    public private(set) var phase = Phase.empty
    /// All that was said; the last message grows while the model answers.
    public private(set) var messages: [Message] = []
    /// Speed of the last answer and memory of the model, in a line.
    public private(set) var figures = ""
    public private(set) var modelName = ""
    /// The chosen model.
    public private(set) var model: Model?

    /// Whether a question would be answered now.
    public var canAsk: Bool { session != nil && phase != .answering }

    private let options: AnswerOptions
    private var session: Session?
    private var answering: Task<Void, Never>?

    public init(options: AnswerOptions = .standard) { self.options = options }

    /// Takes another model. The one before is let go first: two might not fit.
    public func open(
        _ file: URL, options: LoadOptions = .standard, on runtime: () async throws -> Runtime
    ) async {
        stop()
        await answering?.value
        (session, model, messages, figures) = (nil, nil, [], "")
        phase = .loading(.trials, 0)
        do {
            let model = try await Model.load(file, on: runtime(), options: options) { progress in
                Task { @MainActor in self.show(progress) }
            }
            session = try model.session()
            self.model = model
            modelName = file.deletingPathExtension().lastPathComponent
            figures = Self.line(of: model, timings: nil)
            phase = .ready
        } catch {
            phase = .failed(error.localizedDescription)
        }
    }

    /// Asks; the answer grows at the end of the messages.
    public func ask(_ question: String) {
        let question = question.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let session, let model, phase != .answering, !question.isEmpty else { return }
        messages.append(.user(question))
        let answer = session.answer(messages, options: options)
        messages.append(.assistant(""))
        phase = .answering
        answering = Task {
            do {
                for try await event in answer {
                    switch event {
                    case .text(let piece, _): messages[messages.count - 1].content += piece
                    case .done(let done): figures = Self.line(of: model, timings: done.timings)
                    }
                }
                phase = .ready
            } catch {
                phase = .failed(error.localizedDescription)
            }
        }
    }

    /// Stops the answer; what was said of it stays.
    public func stop() { answering?.cancel() }

    /// Waits until nothing is being answered.
    public func settle() async { await answering?.value }

    /// Begins anew with the same model.
    public func clear() async {
        stop()
        await answering?.value
        messages = []
        phase = session == nil ? .empty : .ready
    }

    private func show(_ progress: LoadProgress) {
        // What is told late is not news.
        if case .loading = phase { phase = .loading(progress.stage, progress.fraction) }
    }

    private static func line(of model: Model, timings: Timings?) -> String {
        let memory = String(format: "%.0f MB", Double(model.memory.gpuBytes) / 1e6)
        guard let timings else { return memory }
        let speed = String(format: "%.1f tokens/s, first after %.1f s", timings.answerTokensPerS, timings.firstTokenS)
        return "\(speed), \(memory)"
    }
}
