/*
 * Cancelling the coroutine: the GPU stops within one submit, wherever it was, and the session answers the next question.
 */
package dev.lorgnette

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class CancelTest {
    /** Begins an answer and cancels it behind so many submits, then sees how many more there were. */
    private suspend fun submitsBehindACancel(prompt: Prompt, submits: Int): Long {
        Fixture.device().use { device ->
            Model.load(Fixture.tiny, device, Fixture.options).use { model ->
                val session = model.session()
                val expected = session.answer(Fixture.prompt(9), Fixture.greedy(12)).whole().ids
                val before = device.counters.submits
                var cancelled = 0L
                kotlinx.coroutines.coroutineScope {
                    val answer = launch(Dispatchers.Default) {
                        session.answer(prompt, Fixture.greedy(200)).collect {}
                    }
                    while (device.counters.submits < before + submits) Thread.onSpinWait()
                    answer.cancel()
                    cancelled = device.counters.submits
                    answer.join()
                }
                val behind = device.counters.submits - cancelled
                delay(20)
                assertEquals("nothing goes on", cancelled + behind, device.counters.submits)
                assertEquals(0, answering())
                assertEquals(expected, session.answer(Fixture.prompt(9), Fixture.greedy(12)).whole().ids)
                session.close()
                return behind
            }
        }
    }

    @Test
    fun inTheMiddleOfAnAnswerTheGpuStopsWithinOneSubmit() = test {
        val behind = submitsBehindACancel(Fixture.prompt(9, seed = 1), submits = 10)
        assertTrue("$behind submits behind the cancel", behind <= 1)
    }

    @Test
    fun inTheMiddleOfAPromptTheGpuStopsWithinOneSubmit() = test {
        val behind = submitsBehindACancel(Fixture.prompt(250, seed = 1), submits = 5)
        assertTrue("$behind submits behind the cancel", behind <= 1)
    }

    /** The engine would make as many tokens as may wait for the collector, which takes its time. */
    @Test
    fun whileTheCollectorIsBusyTheGpuStopsWithinOneSubmit() = test {
        Fixture.device().use { device ->
            Model.load(Fixture.tiny, device, Fixture.options).use { model ->
                val session = model.session()
                var heard = 0
                var behind = -1L
                launch {
                    session.answer(Fixture.prompt(9), Fixture.greedy(200)).collect {
                        // By now nothing is slow because it is done for the first time: the engine is not ahead.
                        if (++heard < 50) return@collect
                        currentCoroutineContext().cancel()
                        val cancelled = device.counters.submits
                        Thread.sleep(50)
                        behind = device.counters.submits - cancelled
                    }
                }.join()
                assertTrue("$behind submits behind the cancel", behind in 0..1)
                session.close()
            }
        }
    }

    @Test
    fun anywhereAndThenTheNextQuestion() = test {
        Fixture.model.session().use { session ->
            val expected = session.answer(Fixture.prompt(9), Fixture.greedy(12)).whole().ids
            // Before it begins.
            val early = launch(start = CoroutineStart.UNDISPATCHED) {
                session.answer(Fixture.prompt(40), Fixture.greedy(200)).collect {}
            }
            early.cancelAndJoin()
            // While what came is looked at.
            val looking = CompletableDeferred<Unit>()
            val slow = launch {
                session.answer(Fixture.prompt(5), Fixture.greedy(200)).collect {
                    looking.complete(Unit)
                    awaitCancellation()
                }
            }
            looking.await()
            slow.cancelAndJoin()
            // Because enough was seen.
            assertEquals(3, session.answer(Fixture.prompt(5), Fixture.greedy(200)).take(3).toList().size)
            assertEquals(0, answering())
            assertEquals(expected, session.answer(Fixture.prompt(9), Fixture.greedy(12)).whole().ids)
        }
    }

    @Test
    fun anExceptionOfTheCollectorEndsTheAnswer() = test {
        Fixture.model.session().use { session ->
            throws<ArithmeticException> {
                session.answer(Fixture.prompt(5), Fixture.greedy(200)).collect { throw ArithmeticException("not ours") }
            }
            assertEquals(0, answering())
            assertEquals(3, session.answer(Fixture.prompt(5), Fixture.greedy(3)).whole().ids.size)
        }
    }
}
