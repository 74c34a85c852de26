/*
 * A session: a conversation with a model. The engine makes an answer on a thread of its own; a flow pulls it.
 */
package dev.lorgnette

import dev.lorgnette.ffi.Answer
import dev.lorgnette.ffi.Batch
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext

/**
 * A sequence of tokens with its keys and values, opened by [Model.session]. It makes one answer at a time: whatever else
 * is asked of it meanwhile is a [BusyException]. Any thread may use it; close it when it is of no use any more.
 */
public class Session internal constructor(
    private val ffi: dev.lorgnette.ffi.Session,
    private val chats: Boolean,
) : AutoCloseable {
    /** Where calls wait for the engine: one thread at a time, of those that may block. */
    private val waiting: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(1)

    /**
     * Answers a prompt, anew each time the flow is collected. What the prompt has in common with what the session has
     * read is not computed again.
     *
     * Cancelling the collecting coroutine stops the GPU before its next submit, and the session then answers the next
     * question. A slow collector makes the engine wait.
     *
     * The flow throws [InputException] for a prompt or options that cannot be used, [BusyException] while another answer
     * is made, [DeviceException] for what the GPU says.
     */
    public fun answer(prompt: Prompt, options: AnswerOptions = AnswerOptions()): Flow<Event> =
        flow {
            // Out here, so that it is closed even where a cancel comes before it is handed over.
            var answer: Answer? = null
            try {
                withContext(waiting) { answer = engine { ffi.answer(prompt.ffi(), options.ffi(), AHEAD, null) } }
                val made = checkNotNull(answer)
                coroutineScope {
                    val telling = tellOfACancel(made)
                    while (true) {
                        val batch = made.coming() ?: break
                        batch.events().forEach { emit(it) }
                    }
                    telling.cancel()
                }
            } finally {
                // Behind a pull that is under way. When it is done, the session is free.
                withContext(NonCancellable + waiting) { answer?.close() }
            }
        }

    /** Unconfined: the thread that cancels tells the engine, also while the collector looks at what came. */
    private fun CoroutineScope.tellOfACancel(answer: Answer): Job =
        launch(Dispatchers.Unconfined) {
            try {
                awaitCancellation()
            } finally {
                answer.cancel()
            }
        }

    /** Answers a question by itself, or goes on with the text where the model has no chat template. */
    public fun ask(text: String, options: AnswerOptions = AnswerOptions()): Flow<Event> =
        answer(if (chats) Prompt.Chat(listOf(Message.user(text))) else Prompt.Text(text), options)

    /** The tokens that it has read, from the first. */
    public suspend fun tokens(): List<Int> = call { ffi.tokens().map { it.toInt() } }

    /** Forgets every token from [length] on. */
    public suspend fun truncate(length: Int): Unit = call { ffi.truncate(length.count("length").toULong()) }

    /** Says what happens when the context is full. Where that was something else before, the session begins anew. */
    public suspend fun setOverflow(overflow: Overflow): Unit = call { ffi.setOverflow(overflow.ffi()) }

    /** Says where drafted tokens come from, in a model that was loaded with [LoadOptions.speculation]. */
    public suspend fun setSpeculation(speculation: Speculation): Unit =
        call { ffi.setSpeculation(speculation.ffi()) }

    /** Keeps each piece of GPU work shorter than this, so that the app draws meanwhile; unbounded with null. */
    public suspend fun setFrameBudget(budget: Duration?): Unit = call { ffi.setFrameBudget(budget?.toJavaDuration()) }

    /** Says how fast the tokens of the answers that follow come; an answer refuses a rate that is none. */
    public suspend fun setPace(pace: Pace): Unit = call { ffi.setPace(pace.ffi()) }

    /** The logits behind these tokens, one for each of the vocabulary. */
    public suspend fun logits(ids: List<Int>): FloatArray =
        call {
            val bytes = ByteBuffer.wrap(ffi.logits(ids.map { it.count("token id") }))
            val floats = bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
            FloatArray(floats.remaining()).also(floats::get)
        }

    /** Gives its memory back. An answer that is being made goes on to its end. */
    override fun close(): Unit = ffi.close()

    private suspend fun <T> call(what: () -> T): T = withContext(waiting) { engine(what) }

    /** What is ready, or what comes next. A cancel does not wait for it. */
    private suspend fun Answer.coming(): Batch? =
        suspendCancellableCoroutine { continuation ->
            waiting.dispatch(continuation.context) {
                continuation.resumeWith(runCatching { engine { next() } })
            }
        }

    private companion object {
        /** Tokens that may wait for a collector; a cancel reaches the engine also while it is busy. */
        const val AHEAD = 8u
    }
}
