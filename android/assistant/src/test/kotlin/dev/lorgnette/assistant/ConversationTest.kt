/*
 * The conversation with an engine that says what the test wants, and once with the real one.
 */
package dev.lorgnette.assistant

import dev.lorgnette.Event
import dev.lorgnette.Fixture
import dev.lorgnette.LoadOptions
import dev.lorgnette.Message
import dev.lorgnette.Model
import dev.lorgnette.StopReason
import dev.lorgnette.Timings
import dev.lorgnette.test
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.plus
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

/** Says a few words, then waits until it may end. */
class Parrot(private val words: List<String> = listOf("Well, ", "hello."), private val end: CompletableDeferred<Unit>? = null) : Talk {
    val asked = mutableListOf<List<Message>>()
    var closed = false
    override val gpuBytes = 123_000_000L

    override fun answer(messages: List<Message>, paced: Boolean): Flow<Event> = flow {
        asked += messages
        words.forEach { emit(Event.Text(it, emptyList())) }
        end?.await()
        emit(Event.Done(StopReason.END, Timings(0.0, 0.0, 1, 1.0, 2, 7.25, 2, 0, 0)))
    }

    override fun close() {
        closed = true
    }
}

class ConversationTest {
    private suspend fun Conversation.until(what: (ChatState) -> Boolean): ChatState = state.first(what)

    private suspend fun Conversation.idle(): ChatState = until { it.loading == null && !it.answering }

    @Test
    fun aQuestionIsAnsweredAndTheNextHasWhatWasSaid() = test {
        val parrot = Parrot()
        val conversation = Conversation(this + Dispatchers.Default) { _, progress -> progress(0.5f); parrot }
        conversation.ask("too early")
        conversation.choose("a model")
        assertEquals("a model", conversation.until { it.model != null && it.loading == null }.model)
        conversation.ask("  ")
        conversation.ask(" Hello? ")
        val first = conversation.until { it.status.startsWith("7.") && !it.answering }
        assertEquals(listOf(Message.user("Hello?"), Message.assistant("Well, hello.")), first.turns)
        assertEquals("7.3 tokens/s · 123 MB", first.status.replace(',', '.'))
        conversation.ask("And?")
        val second = conversation.until { it.turns.size == 4 && !it.answering }
        assertEquals(listOf(Conversation.FIRST) + second.turns.dropLast(1), parrot.asked.last())
        conversation.clear()
        conversation.restore(first.turns)
        assertEquals(first.turns, conversation.state.value.turns)
    }

    @Test
    fun aStopKeepsWhatWasSaidAndTheNextQuestionIsAnswered() = test {
        val never = CompletableDeferred<Unit>()
        val conversation = Conversation(this + Dispatchers.Default) { _, _ -> Parrot(end = never) }
        conversation.choose("a model")
        conversation.until { it.canAsk }
        conversation.ask("Hello?")
        conversation.until { it.turns.lastOrNull()?.content == "Well, hello." }
        conversation.stop()
        val stopped = conversation.idle()
        assertEquals("Well, hello.", stopped.turns.last().content)
        assertNull(stopped.error)
        assertTrue(stopped.canAsk)
    }

    @Test
    fun whatGoesWrongIsShownAndAnotherModelCanBeChosen() = test {
        val parrot = Parrot()
        val conversation = Conversation(this + Dispatchers.Default) { model, _ ->
            if (model == "good") parrot else error("expected a model, found $model")
        }
        conversation.choose("bad")
        val failed = conversation.until { it.error != null && it.loading == null }
        assertEquals("expected a model, found bad", failed.error)
        assertFalse(failed.canAsk)
        conversation.choose("good")
        conversation.until { it.canAsk }
        conversation.choose("bad")
        conversation.until { it.error != null && it.loading == null }
        assertTrue("the one before is closed", parrot.closed)
    }

    @Test
    fun theRealEngineTalks() = test {
        val conversation = Conversation(this + Dispatchers.Default) { file, progress ->
            val model = Model.load(file, Fixture.device, LoadOptions(context = 1024)) { progress(it.done.toFloat() / it.total) }
            ModelTalk.of(model, Conversation.FIRST) {}
        }
        conversation.choose(Fixture.recital)
        conversation.until { it.canAsk }
        conversation.ask("What do you say?")
        // Drawn at the usual temperature, but the model knows nothing else.
        val said = conversation.until { it.turns.size == 2 && !it.answering }
        assertNull(said.error)
        assertEquals(Fixture.said, said.turns.last().content)
        conversation.choose("/nowhere.gguf")
        conversation.until { it.error != null && it.loading == null }
    }
}
