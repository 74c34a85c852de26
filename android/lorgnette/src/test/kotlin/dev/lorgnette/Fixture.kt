/*
 * What the tests share: one device, with its verdict kept between runs, the tiny random model and the one that recites a text.
 * Paths come from the script that runs them.
 */
package dev.lorgnette

import java.io.File
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

object Fixture {
    private fun setting(name: String) = checkNotNull(System.getProperty("lorgnette.$name")) { "no lorgnette.$name given" }

    /** Two layers of random weights, 512 tokens: its answers are noise, and each seed's another one. */
    val tiny: String = setting("tiny")

    /** Says [said] whatever it is asked, in tokens that are parts of characters. */
    val recital: String = setting("recital")

    val said: String = File(recital.replace(".gguf", ".txt")).readText().trimEnd()

    /** Where scratch files go. */
    val scratch: File = File(setting("scratch")).also { it.mkdirs() }

    /** A device of its own: its counts are of one test alone. */
    suspend fun device(adapter: String? = System.getenv("LORGNETTE_ADAPTER")): Runtime =
        Runtime.open(
            adapter = adapter,
            cacheDir = File(setting("device")),
            variants = "in-order",
        )

    val device: Runtime by lazy { runBlocking { device() } }

    val options: LoadOptions = LoadOptions(context = 256, prefillChunk = 16, speculation = true)

    val model: Model by lazy { runBlocking { Model.load(tiny, device, options) } }

    val reciter: Model by lazy { runBlocking { Model.load(recital, device, options.copy(context = 1024)) } }

    /** A prompt of ordinary tokens of the tiny model. */
    fun prompt(length: Int, seed: Int = 0): Prompt = Prompt.Ids(List(length) { (it * 37 + seed * 101 + 11) % 480 })

    fun greedy(maxTokens: Int): AnswerOptions = AnswerOptions.Greedy.copy(maxTokens = maxTokens, ignoreEnd = true)

    fun sampled(maxTokens: Int, seed: Long): AnswerOptions =
        greedy(maxTokens).copy(temperature = 4f, topK = 0, topP = 1f, minP = 0f, seed = seed)
}

/** Runs a test; one that hangs fails. */
fun test(block: suspend CoroutineScope.() -> Unit): Unit = runBlocking { withTimeout(600.seconds) { block() } }

/** All of an answer. */
data class Whole(val text: String, val ids: List<Int>, val reason: StopReason?, val timings: Timings?)

suspend fun Flow<Event>.whole(): Whole = whole(toList())

fun whole(events: List<Event>): Whole {
    val pieces = events.filterIsInstance<Event.Text>()
    val done = events.filterIsInstance<Event.Done>()
    check(done.size <= 1 && (done.isEmpty() || events.last() == done.single())) { "the end comes once, at the end: $events" }
    return Whole(
        pieces.joinToString("") { it.text },
        pieces.flatMap { piece -> piece.tokens.map { it.id } },
        done.singleOrNull()?.reason,
        done.singleOrNull()?.timings,
    )
}

inline fun <reified E : Throwable> throws(block: () -> Unit): E {
    val error = runCatching(block).exceptionOrNull()
    return error as? E ?: throw AssertionError("expected ${E::class.simpleName}, found $error", error)
}

/** Threads of the engine's answers that are alive. Linux may list one that was joined a moment longer. */
fun answering(): Int {
    repeat(20) {
        if (listed() == 0) return 0
        Thread.sleep(10)
    }
    return listed()
}

private fun listed(): Int =
    File("/proc/self/task").list().orEmpty().count { task ->
        runCatching { File("/proc/self/task/$task/comm").readText().trim() }.getOrNull() == "lorgnette-answe"
    }
