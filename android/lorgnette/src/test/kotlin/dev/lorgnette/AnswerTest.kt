/*
 * Answers: every character whole, the same for the same seed, one at a time in a session, and several sessions at once.
 */
package dev.lorgnette

import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class AnswerTest {
    @Test
    fun emojiAndChineseComeWhole() = test {
        Fixture.reciter.session().use { session ->
            val events = session.ask("What do you say?", AnswerOptions.Greedy).toList()
            val pieces = events.filterIsInstance<Event.Text>().map { it.text }
            assertEquals(Fixture.said, pieces.joinToString(""))
            assertTrue("${pieces.size} pieces", pieces.size > 10)
            for (piece in pieces) {
                assertFalse(piece, '\uFFFD' in piece)
                assertEquals(piece, String(piece.toByteArray())) // no half of a surrogate pair
            }
            val whole = whole(events)
            assertEquals(StopReason.END, whole.reason)
            assertEquals(whole.text, Fixture.reciter.decode(whole.ids))
        }
    }

    @Test
    fun theSameSeedIsTheSameAnswer() = test {
        Fixture.model.session().use { session ->
            val first = session.answer(Fixture.prompt(20), Fixture.sampled(24, 7)).whole()
            assertEquals(24, first.ids.size)
            assertEquals(first.ids, session.answer(Fixture.prompt(20), Fixture.sampled(24, 7)).whole().ids)
            assertNotEquals(first.ids, session.answer(Fixture.prompt(20), Fixture.sampled(24, 8)).whole().ids)
            val seedless = Fixture.sampled(24, 0).copy(seed = null)
            val two = List(2) { session.answer(Fixture.prompt(20), seedless).whole().ids }
            assertNotEquals(two[0], two[1])
        }
    }

    @Test
    fun stopStringsLogProbabilitiesAndTimings() = test {
        Fixture.reciter.session().use { session ->
            val stopped = session.ask("?", Fixture.greedy(100).copy(stop = listOf("漢字"))).whole()
            assertEquals(Fixture.said.substringBefore("漢字") to StopReason.STOP, stopped.text to stopped.reason)
            val likely = session.ask("?", Fixture.greedy(5).copy(logProbabilities = true)).toList()
            val tokens = likely.filterIsInstance<Event.Text>().flatMap { it.tokens }
            assertTrue("$tokens", tokens.size == 5 && tokens.all { (it.logProbability ?: 1f) in -1f..0f })
            val timings = checkNotNull(whole(likely).timings)
            assertTrue("$timings", timings.answerTokens == 4 && timings.firstTokenSeconds > 0)
        }
    }

    @Test
    fun aSecondTurnComputesOnlyWhatIsNew() = test {
        Fixture.reciter.session().use { session ->
            val question = listOf(Message.user("What do you say?"))
            val first = session.answer(Prompt.Chat(question), AnswerOptions.Greedy).whole()
            val turn = question + Message.assistant(first.text) + Message.user("Again?")
            val prompt = Fixture.reciter.countTokens(Prompt.Chat(turn))
            val second = session.answer(Prompt.Chat(turn), AnswerOptions.Greedy).whole()
            val computed = checkNotNull(second.timings).promptTokens
            assertTrue("$computed of $prompt", computed < prompt - Fixture.reciter.countTokens(Prompt.Text("What do you say?")))
            assertEquals(Fixture.said, second.text)
        }
    }

    @Test
    fun twoSessionsAtOnceAnswerAsEachAlone() = test {
        val seeds = listOf(3L, 4L)
        val alone = seeds.map { seed ->
            Fixture.model.session().use { it.answer(Fixture.prompt(30, seed.toInt()), Fixture.sampled(40, seed)).whole().ids }
        }
        val both = seeds.map { seed ->
            async {
                Fixture.model.session().use { it.answer(Fixture.prompt(30, seed.toInt()), Fixture.sampled(40, seed)).whole().ids }
            }
        }
        assertEquals(alone, both.awaitAll())
    }

    @Test
    fun aSessionAnswersOneAtATime() = test {
        Fixture.model.session().use { session ->
            session.answer(Fixture.prompt(5), Fixture.greedy(200)).first().let { assertTrue("$it", it is Event.Text) }
            var refused = 0
            session.answer(Fixture.prompt(5), Fixture.greedy(30)).collect {
                if (it is Event.Text && refused == 0) {
                    throws<BusyException> { session.answer(Fixture.prompt(5), Fixture.greedy(1)).whole() }
                    throws<BusyException> { session.truncate(0) }
                    refused++
                }
            }
            assertEquals(1, refused)
            assertEquals(5, session.answer(Fixture.prompt(5), Fixture.greedy(5)).whole().ids.size)
        }
    }

    @Test
    fun aFullContextEndsTheAnswerOrSlides() = test {
        val prompt = Fixture.prompt(200)
        Fixture.model.session().use { session ->
            val full = session.answer(prompt, Fixture.greedy(100)).whole()
            assertEquals(StopReason.CONTEXT, full.reason)
            val long = throws<InputException> { session.answer(Fixture.prompt(300), Fixture.greedy(1)).whole() }
            assertEquals("the context is too short: 300 positions needed, 256 available", long.message)
        }
        Fixture.model.session(overflow = Overflow.Slide()).use { session ->
            assertEquals(100, session.answer(prompt, Fixture.greedy(100)).whole().ids.size)
            assertEquals(299, session.tokens().size)
        }
    }

    @Test
    fun draftsDoNotChangeTheAnswer() = test {
        val plain = Fixture.reciter.session().use { it.ask("Go on.", Fixture.greedy(200)).whole() }
        for (speculation in listOf(Speculation.Lookup, Speculation.Draft(Fixture.reciter))) {
            Fixture.reciter.session(speculation = speculation).use { session ->
                val drafted = session.ask("Go on.", Fixture.greedy(200)).whole()
                assertEquals(plain.ids, drafted.ids)
                val timings = checkNotNull(drafted.timings)
                assertTrue("$speculation: $timings", timings.accepted > 0 && timings.passes < timings.answerTokens)
            }
        }
    }

    @Test
    fun optionsAreChecked() = test {
        Fixture.model.session().use { session ->
            val hot = throws<InputException> { session.answer(Fixture.prompt(3), Fixture.greedy(1).copy(temperature = -1f)).whole() }
            assertTrue(hot.message, "temperature" in hot.message.orEmpty())
            throws<IllegalArgumentException> { session.answer(Fixture.prompt(3), AnswerOptions(topK = -1)).whole() }
            throws<InputException> { session.answer(Prompt.Ids(listOf(512))).whole() }
            throws<InputException> { session.answer(Prompt.Chat(emptyList())).whole() }
            val logits = session.logits(listOf(1, 2, 3))
            val greedy = session.answer(Prompt.Ids(listOf(1, 2, 3)), Fixture.greedy(1)).whole().ids.single()
            assertEquals(512, logits.size)
            assertEquals(logits.indices.maxBy { logits[it] }, greedy)
        }
    }
}
