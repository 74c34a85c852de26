/*
 * What an answer is made of while it is made, and how long it took.
 */
package dev.lorgnette

import dev.lorgnette.ffi.Batch
import dev.lorgnette.ffi.Done as FfiDone
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.map

/** A token of an answer, with its natural log-probability if it was asked for. */
public data class Token(val id: Int, val logProbability: Float?)

/** Why an answer ended: the model ended it, so many tokens, a stop string, a full context, or someone cancelled. */
public typealias StopReason = dev.lorgnette.ffi.StopReason

/**
 * How long an answer took.
 *
 * @property loadSeconds what the model took to load.
 * @property firstTokenSeconds from the call to the first token.
 * @property promptTokens tokens of the prompt that went through the model; those it still knew did not.
 * @property answerTokens tokens of the answer that went through the model, in [passes] passes.
 * @property drafted tokens that were drafted; with [accepted] of them the answer went on.
 */
public data class Timings(
    val loadSeconds: Double,
    val firstTokenSeconds: Double,
    val promptTokens: Int,
    val promptTokensPerSecond: Double,
    val answerTokens: Int,
    val answerTokensPerSecond: Double,
    val passes: Int,
    val drafted: Int,
    val accepted: Int,
)

/** What happens while an answer is made. */
public sealed interface Event {
    /** Whole characters, never a part of a stop string, and the tokens since the event before: their text may come later. */
    public data class Text(val text: String, val tokens: List<Token>) : Event

    /** The end, always the last event. */
    public data class Done(val reason: StopReason, val timings: Timings) : Event
}

/** The text alone, piece by piece. */
public fun Flow<Event>.text(): Flow<String> = filterIsInstance<Event.Text>().map { it.text }

internal fun Batch.events(): List<Event> =
    buildList {
        if (text.isNotEmpty() || tokens.isNotEmpty()) {
            add(Event.Text(text, tokens.map { Token(it.id.toInt(), it.logProbability) }))
        }
        done?.let { add(it.event()) }
    }

private fun FfiDone.event(): Event.Done =
    Event.Done(
        stop,
        Timings(
            loadSeconds = timings.loadS,
            firstTokenSeconds = timings.firstTokenS,
            promptTokens = timings.promptTokens.toInt(),
            promptTokensPerSecond = timings.promptTokensPerS,
            answerTokens = timings.answerTokens.toInt(),
            answerTokensPerSecond = timings.answerTokensPerS,
            passes = timings.passes.toInt(),
            drafted = timings.drafted.toInt(),
            accepted = timings.accepted.toInt(),
        ),
    )
