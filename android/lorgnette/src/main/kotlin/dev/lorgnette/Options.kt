/*
 * What an app may ask for: how a model is loaded, what it is asked, and how it answers. Plain data with defaults.
 */
package dev.lorgnette

import dev.lorgnette.ffi.AnswerOptions as FfiAnswerOptions
import dev.lorgnette.ffi.Budget as FfiBudget
import dev.lorgnette.ffi.LoadOptions as FfiLoadOptions
import dev.lorgnette.ffi.Message as FfiMessage
import dev.lorgnette.ffi.Overflow as FfiOverflow
import dev.lorgnette.ffi.Pace as FfiPace
import dev.lorgnette.ffi.Prompt as FfiPrompt
import dev.lorgnette.ffi.Source as FfiSource
import dev.lorgnette.ffi.Speculation as FfiSpeculation

/** So many mebibytes, in bytes. */
public val Int.MiB: Long get() = toLong() shl 20

/** How keys and values are stored; arithmetic is f32 with each. */
public typealias KvFormat = dev.lorgnette.ffi.KvFormat

/** Where a model comes from. */
public sealed interface Source {
    /** A GGUF file. */
    public data class Path(val path: String) : Source

    /**
     * An open file, by the number of its descriptor, or a part of one: what a content `Uri` or an uncompressed asset is.
     * It is duplicated, so that the caller's own can be closed behind the call.
     */
    public data class Descriptor(val descriptor: Int, val offset: Long = 0, val length: Long? = null) : Source
}

/**
 * How a model is loaded.
 *
 * @property context positions of a session; the model's own, but at most 2048, if not given.
 * @property kv how keys and values are stored; f16, if not given, or what fits the budget.
 * @property budget the bytes that everything may take, GPU and host together; a plan is made that keeps to it, or the load
 * is refused with a [MemoryException] before anything is allocated. If not given: what the runtime's profile can hope for.
 * @property leastContext the fewest positions that will do within the budget.
 * @property worstKv the worst keys and values that will do within the budget.
 * @property resident keep all layers in memory, whatever the budget.
 * @property prefillChunk the most tokens of a prompt that go through the model at once.
 * @property streamedLayers layers that stay in the file, from the last one back.
 * @property speculation whether sessions may speculate: a little more memory.
 */
public data class LoadOptions(
    val context: Int? = null,
    val kv: KvFormat? = null,
    val budget: Long? = null,
    val leastContext: Int? = null,
    val worstKv: KvFormat? = null,
    val resident: Boolean = false,
    val prefillChunk: Int? = null,
    val streamedLayers: Int = 0,
    val speculation: Boolean = false,
) {
    init {
        require(budget != null || (leastContext == null && worstKv == null && !resident)) {
            "leastContext, worstKv and resident say how far a budget may go: expected one, found none"
        }
    }
}

/** One message of a conversation. What is said is never parsed for special tokens. */
public data class Message(val role: String, val content: String) {
    public companion object {
        /** What the app says before all else. */
        public fun system(content: String): Message = Message("system", content)

        /** What the person says. */
        public fun user(content: String): Message = Message("user", content)

        /** What the model said. */
        public fun assistant(content: String): Message = Message("assistant", content)
    }
}

/** What a model is asked. */
public sealed interface Prompt {
    /** Plain text, continued as it is. */
    public data class Text(val text: String) : Prompt

    /** A conversation, in the words of the model's chat template. What the session knows already is not computed again. */
    public data class Chat(val messages: List<Message>) : Prompt

    /** Token ids. */
    public data class Ids(val ids: List<Int>) : Prompt
}

/**
 * How an answer is made. The defaults are llama.cpp's.
 *
 * @property maxTokens the most tokens; if not given, until the model ends it or the context is full.
 * @property temperature 0 always takes the likeliest token.
 * @property topK only the likeliest so many tokens; 0 is off.
 * @property topP only the likeliest tokens that together have this probability; 1 is off.
 * @property minP only tokens at least this likely, beside the likeliest; 0 is off.
 * @property repeatPenalty makes recent tokens less likely; 1 is off.
 * @property repeatLastN how many tokens are recent.
 * @property seed the same seed gives the same answer on the same device; another one each time, if not given.
 * @property stop texts that end the answer and are no part of it.
 * @property logProbabilities whether each token comes with its log-probability, which takes the logits off the GPU.
 * @property ignoreEnd whether the answer goes on where the model would end it, for measurements.
 */
public data class AnswerOptions(
    val maxTokens: Int? = null,
    val temperature: Float = 0.8f,
    val topK: Int = 40,
    val topP: Float = 0.95f,
    val minP: Float = 0.05f,
    val repeatPenalty: Float = 1f,
    val repeatLastN: Int = 64,
    val seed: Long? = null,
    val stop: List<String> = emptyList(),
    val logProbabilities: Boolean = false,
    val ignoreEnd: Boolean = false,
) {
    public companion object {
        /** Always the likeliest token. */
        public val Greedy: AnswerOptions = AnswerOptions(temperature = 0f)
    }
}

/** What happens when the context is full. */
public sealed interface Overflow {
    /** The answer ends, and a longer prompt is refused. */
    public data object Stop : Overflow

    /** The oldest tokens leave, in the same memory, without end; the first [keep] never do ([Model.openingTokens]). */
    public data class Slide(val keep: Int? = null) : Overflow
}

/** How fast the tokens of an answer come. Between two of them the GPU idles; the text is the same. */
public sealed interface Pace {
    /** As fast as they can. */
    public data object Full : Pace

    /** So many a second, above 0: people listen to about 4 and read about 6. */
    public data class TokensPerSecond(val rate: Float) : Pace

    /** As many as is good for a device as hot as [Runtime.setThermal] last said. */
    public data object Thermal : Pace
}

/** How hot the platform says the device is. */
public typealias Thermal = dev.lorgnette.ffi.Thermal

/** What [Model.trim] gives back: `SESSIONS` that answer nothing now, or those and `WEIGHTS` that nobody uses now. */
public typealias Trim = dev.lorgnette.ffi.Trim

/** Where drafted tokens come from. The answer is the same, in fewer passes. */
public sealed interface Speculation {
    /** Nowhere. */
    public data object Off : Speculation

    /** From the text so far: for answers that quote or edit. */
    public data object Lookup : Speculation

    /** From a smaller model with the same vocabulary. */
    public data class Draft(val model: Model) : Speculation
}

/** A number that counts something; the engine refuses what is too large, but knows no numbers below 0. */
internal fun Int.count(what: String): UInt {
    require(this >= 0) { "invalid $what: expected 0 or more, found $this" }
    return toUInt()
}

internal fun Source.ffi(): FfiSource =
    when (this) {
        is Source.Path -> FfiSource.Path(path)
        is Source.Descriptor -> {
            require(offset >= 0 && (length == null || length >= 0)) {
                "invalid part of a file: expected an offset and a length of 0 or more, found $offset and $length"
            }
            FfiSource.Descriptor(descriptor, offset.toULong(), length?.toULong())
        }
    }

internal fun LoadOptions.ffi(): FfiLoadOptions =
    FfiLoadOptions(
        context = context?.count("context"),
        kv = kv,
        budget =
            budget?.let {
                require(it >= 0) { "invalid budget: expected 0 bytes or more, found $it" }
                FfiBudget(it.toULong(), leastContext?.count("leastContext"), worstKv, resident)
            },
        prefillChunk = prefillChunk?.count("prefillChunk"),
        streamedLayers = streamedLayers.count("streamedLayers"),
        speculation = speculation,
    )

internal fun Message.ffi(): FfiMessage = FfiMessage(role, content)

internal fun Prompt.ffi(): FfiPrompt =
    when (this) {
        is Prompt.Text -> FfiPrompt.Text(text)
        is Prompt.Chat -> FfiPrompt.Chat(messages.map(Message::ffi))
        is Prompt.Ids -> FfiPrompt.Ids(ids.map { it.count("token id") })
    }

internal fun AnswerOptions.ffi(): FfiAnswerOptions =
    FfiAnswerOptions(
        maxTokens = maxTokens?.count("maxTokens"),
        temperature = temperature,
        topK = topK.count("topK"),
        topP = topP,
        minP = minP,
        repeatPenalty = repeatPenalty,
        repeatLastN = repeatLastN.count("repeatLastN"),
        seed = seed?.toULong(),
        stop = stop,
        logProbabilities = logProbabilities,
        ignoreEnd = ignoreEnd,
    )

internal fun Overflow.ffi(): FfiOverflow =
    when (this) {
        Overflow.Stop -> FfiOverflow.Stop
        is Overflow.Slide -> FfiOverflow.Slide(keep?.count("keep"))
    }

internal fun Pace.ffi(): FfiPace =
    when (this) {
        Pace.Full -> FfiPace.Full
        is Pace.TokensPerSecond -> FfiPace.TokensPerSecond(rate)
        Pace.Thermal -> FfiPace.Thermal
    }

internal fun Speculation.ffi(): FfiSpeculation =
    when (this) {
        Speculation.Off -> FfiSpeculation.Off
        Speculation.Lookup -> FfiSpeculation.Lookup
        is Speculation.Draft -> FfiSpeculation.Draft(model.ffi)
    }
