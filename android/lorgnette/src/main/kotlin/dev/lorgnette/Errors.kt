/*
 * What goes wrong, as exceptions of the few kinds that an app tells apart. The message is the engine's own: what was
 * expected and what was found.
 */
package dev.lorgnette

import dev.lorgnette.ffi.BindingException
import dev.lorgnette.ffi.InternalException

/** Something went wrong in the engine; [message] says what was expected and what was found. */
public sealed class LorgnetteException(message: String, cause: Throwable) : Exception(message, cause)

/** The model's file cannot be read, is broken, or asks for what this version does not do. */
public class ModelException internal constructor(cause: Throwable) : LorgnetteException(cause.text, cause)

/** An argument cannot be used, or the prompt is longer than the context. Nothing was changed. */
public class InputException internal constructor(cause: Throwable) : LorgnetteException(cause.text, cause)

/** The budget or a limit of the device would be passed. Nothing was allocated. */
public class MemoryException internal constructor(cause: Throwable) : LorgnetteException(cause.text, cause)

/** The GPU or its driver refused, failed or computes wrongly. */
public class DeviceException internal constructor(cause: Throwable) : LorgnetteException(cause.text, cause)

/** The session is making an answer: it makes one at a time. */
public class BusyException internal constructor(cause: Throwable) : LorgnetteException(cause.text, cause)

/** A bug of the engine: it panicked. The session that it happened in is of no use any more. */
public class EngineException internal constructor(cause: Throwable) : LorgnetteException(cause.text, cause)

private val Throwable.text: String get() = message ?: toString()

/** Runs a call into the engine, with its exceptions as ours. */
internal inline fun <T> engine(call: () -> T): T =
    try {
        call()
    } catch (error: BindingException) {
        throw when (error) {
            is BindingException.Model -> ModelException(error)
            is BindingException.Input -> InputException(error)
            is BindingException.Memory -> MemoryException(error)
            is BindingException.Device -> DeviceException(error)
            is BindingException.Busy -> BusyException(error)
            is BindingException.Cancelled -> kotlinx.coroutines.CancellationException(error.message)
        }
    } catch (error: InternalException) {
        throw EngineException(error)
    }
