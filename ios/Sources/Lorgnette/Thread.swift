// Where blocking calls wait: on threads of their own, so that Swift's few cooperative ones stay free. Nothing here knows
// what is called.

import Foundation

/// Runs a blocking call on a thread of its own. Threads that are not the main one have half a megabyte of stack on
/// Apple's systems, which is too little for a shader compiler.
func onThread<Result: Sendable>(
    _ name: String, _ call: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Swift.Result { try LorgnetteError.catching(call) }) }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.qualityOfService = .userInitiated
        thread.start()
    }
}
