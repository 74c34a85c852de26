// What goes wrong, in Swift's terms. The words are the runtime's own.

import Foundation
import LorgnetteBindings

/// What went wrong. The message says what was expected and what was found.
public enum LorgnetteError: Error, Hashable, Codable, Sendable {
    /// The model's file cannot be read, is broken, or asks for what this version does not do.
    case model(String)
    /// An argument cannot be used, or the prompt is longer than the context. Nothing was changed.
    case input(String)
    /// The budget or a limit of the device would be passed. Nothing was allocated.
    case memory(String)
    /// The GPU or its driver refused, failed or computes wrongly.
    case device(String)
    /// The session is making an answer.
    case busy(String)
    /// A call that was cancelled; the loop over an answer just ends where its task was cancelled.
    case cancelled(String)
    /// A bug of Lorgnette's own. What was being used should be let go.
    case bug(String)

    /// The message alone.
    public var message: String {
        switch self {
        case .model(let message), .input(let message), .memory(let message), .device(let message),
            .busy(let message), .cancelled(let message), .bug(let message):
            message
        }
    }

    init(_ error: any Error) {
        self =
            switch error {
            case let error as LorgnetteError: error
            case BindingError.Model(let message): .model(message)
            case BindingError.Input(let message): .input(message)
            case BindingError.Memory(let message): .memory(message)
            case BindingError.Device(let message): .device(message)
            case BindingError.Busy(let message): .busy(message)
            case BindingError.Cancelled(let message): .cancelled(message)
            // A panic in Rust.
            default: .bug("\(error)")
            }
    }

    /// Calls something of the bindings; what it throws is a ``LorgnetteError``.
    static func catching<Result>(_ call: () throws -> Result) throws(LorgnetteError) -> Result {
        do { return try call() } catch { throw LorgnetteError(error) }
    }
}

extension LorgnetteError: LocalizedError {
    public var errorDescription: String? { message }
}
