/*
 * What the app needs of the engine, so that its logic can be tested without one; and the engine itself behind it.
 */
package dev.lorgnette.assistant

import dev.lorgnette.AnswerOptions
import dev.lorgnette.Event
import dev.lorgnette.Message
import dev.lorgnette.Model
import dev.lorgnette.Overflow
import dev.lorgnette.Pace
import dev.lorgnette.Prompt
import dev.lorgnette.Session
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emitAll
import kotlinx.coroutines.flow.flow

/** Opens a model by what the person chose: a name that the platform can find it by. Tells from 0 to 1 how far it is. */
fun interface Engine {
    suspend fun open(model: String, progress: (Float) -> Unit): Talk
}

/** A model that can be talked to. */
interface Talk : AutoCloseable {
    /** Answers a conversation; paced, as fast as people read and no faster. */
    fun answer(messages: List<Message>, paced: Boolean): Flow<Event>

    /** Bytes on the GPU now. */
    val gpuBytes: Long
}

/** One session of a model. What no longer fits slides away behind what the app has said first. */
class ModelTalk private constructor(private val model: Model, private val session: Session, private val after: () -> Unit) : Talk {
    override val gpuBytes: Long get() = model.memory.gpuBytes

    override fun answer(messages: List<Message>, paced: Boolean): Flow<Event> =
        flow {
            session.setPace(if (paced) Pace.TokensPerSecond(READING) else Pace.Thermal)
            emitAll(session.answer(Prompt.Chat(messages), AnswerOptions(maxTokens = LONGEST)))
        }

    override fun close() {
        after()
        session.close()
        model.close()
    }

    companion object {
        /** Tokens a second that people read without haste. */
        private const val READING = 6f
        private const val LONGEST = 512

        /** Takes the model over, and closes it where no session can be had. [after] is done when it is closed. */
        suspend fun of(model: Model, first: Message, after: () -> Unit): ModelTalk =
            try {
                val keep = model.openingTokens(listOf(first))
                ModelTalk(model, model.session(overflow = Overflow.Slide(keep)), after)
            } catch (error: Throwable) {
                after()
                model.close()
                throw error
            }
    }
}
