/*
 * A conversation as the app shows it: what was said, what is being said, what went wrong. It outlives the screens, which
 * only look at its state and tell it what the person does. No Android here.
 */
package dev.lorgnette.assistant

import dev.lorgnette.Event
import dev.lorgnette.Message
import dev.lorgnette.StopReason
import dev.lorgnette.Timings
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/**
 * All that a screen shows.
 *
 * @property model what the person chose; null before that.
 * @property loading from 0 to 1 while a model is opened.
 * @property turns what was said, the oldest first; the last one grows while [answering].
 * @property status a line on speed and memory.
 * @property error what went wrong last, until the next thing is done.
 */
data class ChatState(
    val model: String? = null,
    val loading: Float? = null,
    val turns: List<Message> = emptyList(),
    val answering: Boolean = false,
    val status: String = "",
    val error: String? = null,
) {
    val canAsk: Boolean get() = model != null && loading == null && !answering
}

/** Does what the person wants, one thing after another, in the order in which it was wanted. [scope] is the app's. */
class Conversation(private val scope: CoroutineScope, private val engine: Engine) {
    private val mutable = MutableStateFlow(ChatState())
    private var talk: Talk? = null
    private var work: Job? = null

    val state: StateFlow<ChatState> = mutable.asStateFlow()

    /** Opens another model, closes the one before, and keeps what was said. */
    fun choose(model: String) {
        val before = work
        work = scope.launch {
            before?.cancelAndJoin()
            mutable.update { it.copy(model = null, loading = 0f, error = null, status = "") }
            try {
                talk?.let { withContext(Dispatchers.IO) { it.close() } }
                talk = null
                val opened = engine.open(model) { done -> mutable.update { it.copy(loading = done) } }
                talk = opened
                mutable.update { it.copy(model = model, status = memory(opened)) }
            } catch (error: Exception) {
                tell(error)
            } finally {
                mutable.update { it.copy(loading = null) }
            }
        }
    }

    /** Asks; nothing happens without a model, without words, or while an answer is made. */
    fun ask(question: String, paced: Boolean = false) {
        val talk = talk
        val said = question.trim()
        if (talk == null || said.isEmpty() || !mutable.value.canAsk) return
        val asked = mutable.value.turns + Message.user(said)
        mutable.update { it.copy(turns = asked + Message.assistant(""), answering = true, error = null) }
        work = scope.launch {
            try {
                talk.answer(listOf(FIRST) + asked, paced).collect { event ->
                    when (event) {
                        is Event.Text -> say(event.text)
                        is Event.Done -> mutable.update { it.copy(status = told(event, talk)) }
                    }
                }
            } catch (error: Exception) {
                tell(error)
            } finally {
                mutable.update { it.copy(answering = false, turns = it.turns.filter { turn -> turn.content.isNotEmpty() }) }
            }
        }
    }

    /** Stops the answer; what was said of it stays. */
    fun stop() {
        if (mutable.value.answering) work?.cancel()
    }

    /** Forgets what was said. */
    fun clear() {
        if (!mutable.value.answering) mutable.update { it.copy(turns = emptyList(), error = null) }
    }

    /** What was said before the app was ended, if nothing was said since. */
    fun restore(turns: List<Message>) {
        if (mutable.value.turns.isEmpty()) mutable.update { it.copy(turns = turns) }
    }

    private fun say(text: String): Unit =
        mutable.update { state ->
            val last = state.turns.last()
            state.copy(turns = state.turns.dropLast(1) + last.copy(content = last.content + text))
        }

    /** What goes wrong is shown and ends nothing else. A stop is no fault. */
    private fun tell(error: Exception) {
        if (error is CancellationException) throw error
        mutable.update { it.copy(error = error.message ?: error.toString()) }
    }

    companion object {
        /** What the app says before the person does. */
        val FIRST: Message = Message.system("You are a helpful assistant. You answer in a few plain sentences.")

        /** A line on an answer that was made. */
        fun told(done: Event.Done, talk: Talk): String = "${speed(done.timings)} · ${memory(talk)}" + why(done.reason)

        private fun speed(timings: Timings): String = "%.1f tokens/s".format(timings.answerTokensPerSecond)

        private fun memory(talk: Talk): String = "${talk.gpuBytes / MEGA} MB"

        private fun why(reason: StopReason): String =
            when (reason) {
                StopReason.LENGTH -> " · cut off"
                StopReason.CONTEXT -> " · no more room"
                else -> ""
            }

        private const val MEGA = 1_000_000
    }
}
