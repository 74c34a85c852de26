// Plain values that go in and come out. They are made of the Rust library's own; here they only get their names.

import LorgnetteBindings

/// How a device is opened. All of it can be left out.
public typealias RuntimeOptions = LorgnetteBindings.RuntimeOptions
/// How a model is loaded. All of it can be left out.
public typealias LoadOptions = LorgnetteBindings.LoadOptions
/// What a model may take, GPU and host together.
public typealias Budget = LorgnetteBindings.Budget
/// How keys and values are stored.
public typealias KvFormat = LorgnetteBindings.KvFormat
/// How an answer is made. All of it can be left out.
public typealias AnswerOptions = LorgnetteBindings.AnswerOptions
/// One message of a conversation.
public typealias Message = LorgnetteBindings.Message
/// What happens when the context is full.
public typealias Overflow = LorgnetteBindings.Overflow
/// How far a load is.
public typealias LoadProgress = LorgnetteBindings.Progress
/// What a load is doing.
public typealias Stage = LorgnetteBindings.Stage
/// What the parts of a load took.
public typealias LoadTimings = LorgnetteBindings.LoadTimings
/// What to give back where memory runs short. It comes back with the next answer, which is the same.
public typealias Trim = LorgnetteBindings.Trim
/// How fast the tokens of an answer come; between two, the GPU idles. The text is the same.
public typealias Pace = LorgnetteBindings.Pace
/// How hot the system says the device is.
public typealias Thermal = LorgnetteBindings.Thermal
/// A token of an answer.
public typealias Token = LorgnetteBindings.Token
/// The end of an answer: why, and how long it took.
public typealias Done = LorgnetteBindings.Done
/// Why an answer ended.
public typealias StopReason = LorgnetteBindings.StopReason
/// How long an answer took.
public typealias Timings = LorgnetteBindings.Timings
/// The plan of a model.
public typealias PlanFigures = LorgnetteBindings.PlanFigures
/// Where the bytes of a model are.
public typealias Memory = LorgnetteBindings.Memory
/// What an adapter has.
public typealias AdapterFacts = LorgnetteBindings.AdapterFacts
/// What was asked of the GPU.
public typealias Counters = LorgnetteBindings.Counters
/// The report for a bug report.
public typealias Doctor = LorgnetteBindings.Doctor

extension AnswerOptions {
    /// What is used where nothing is said.
    public static let standard = AnswerOptions()
}

extension LoadOptions {
    /// What is used where nothing is said.
    public static let standard = LoadOptions()
}

extension LoadProgress {
    /// How much of the stage is done, from 0 to 1.
    public var fraction: Double { total == 0 ? 1 : Double(done) / Double(total) }
}

extension Message {
    /// A message of the app's own: how the model is to answer.
    public static func system(_ content: String) -> Message { Message(role: "system", content: content) }
    /// A message of the user's.
    public static func user(_ content: String) -> Message { Message(role: "user", content: content) }
    /// An answer of the model's.
    public static func assistant(_ content: String) -> Message { Message(role: "assistant", content: content) }
}
