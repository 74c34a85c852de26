/*
 * A model: its weights on the device, its tokenizer, its figures.
 */
package dev.lorgnette

import dev.lorgnette.ffi.LoadProgress
import dev.lorgnette.ffi.inspect as ffiInspect
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/** What a load is doing: trying kernels that the device was not tried with yet, making pipelines, bringing weights. */
public typealias Stage = dev.lorgnette.ffi.Stage

/** How far a load is: [done] of [total], in shaders, programs, or bytes of weights. */
public data class Progress(val stage: Stage, val done: Long, val total: Long)

/**
 * A loaded model. Sessions share its weights, and any thread may use it. Close it when it is of no use any more; its
 * weights are given back once its sessions are closed too.
 *
 * @property runtime the device it is on.
 */
public class Model private constructor(
    internal val ffi: dev.lorgnette.ffi.Model,
    public val runtime: Runtime,
    private val ownsRuntime: Boolean,
) : AutoCloseable {
    /** Positions that a session can hold. */
    public val context: Int get() = ffi.context().toInt()

    /** How keys and values are stored. */
    public val kv: KvFormat get() = ffi.kv()

    /** Whether it can be asked with messages. */
    public val hasChatTemplate: Boolean get() = ffi.hasChatTemplate()

    /** What was planned for it. */
    public val figures: PlanFigures get() = ffi.figures().figures()

    /** Where its bytes are, planned and now. */
    public val memory: Memory get() = ffi.memory().memory()

    /** What the parts of its load took. */
    public val loadTimings: LoadTimings get() = ffi.loadTimings().timings()

    /** A new, empty session. */
    public suspend fun session(
        overflow: Overflow = Overflow.Stop,
        speculation: Speculation = Speculation.Off,
        pace: Pace = Pace.Full,
    ): Session {
        var session: Session? = null
        return closedUnlessReturned({ session }) {
            withContext(Dispatchers.IO) { session = Session(engine { ffi.session() }, hasChatTemplate) }
            session?.also {
                if (overflow != Overflow.Stop) it.setOverflow(overflow)
                if (speculation != Speculation.Off) it.setSpeculation(speculation)
                if (pace != Pace.Full) it.setPace(pace)
            }
        }
    }

    /** How many tokens a prompt has. */
    public fun countTokens(prompt: Prompt): Int = engine { ffi.countTokens(prompt.ffi()).toInt() }

    /** The token ids of a prompt. */
    public fun encode(prompt: Prompt): List<Int> = engine { ffi.encode(prompt.ffi()).map { it.toInt() } }

    /** The text of token ids, without control tokens. */
    public fun decode(ids: List<Int>): String = engine { ffi.decode(ids.map { it.count("token id") }) }

    /** How many tokens every conversation that starts so begins with: what [Overflow.Slide] is to keep. */
    public fun openingTokens(messages: List<Message>): Int =
        engine { ffi.openingTokens(messages.map(Message::ffi)).toInt() }

    /**
     * Gives memory back and says how many bytes; it comes back with the next answer, which is the same. Waits for nobody:
     * what is in use stays.
     */
    public fun trim(level: Trim): Long = ffi.trim(level).toLong()

    override fun close() {
        ffi.close()
        if (ownsRuntime) runtime.close()
    }

    public companion object {
        /**
         * Loads a GGUF file. Without a [runtime] the best device is opened, and closed with the model.
         *
         * A load cannot be stopped half-way: where the coroutine is cancelled, what was loaded is closed again.
         *
         * @param onProgress is called on the thread that loads.
         * @throws ModelException for what is wrong with the file, [MemoryException] for a budget that is too small,
         * [DeviceException] for what the GPU says. Nothing stays allocated then.
         */
        public suspend fun load(
            path: String,
            runtime: Runtime? = null,
            options: LoadOptions = LoadOptions(),
            onProgress: (Progress) -> Unit = {},
        ): Model = load(Source.Path(path), runtime, options, onProgress)

        /** Loads a model from somewhere else. */
        public suspend fun load(
            source: Source,
            runtime: Runtime? = null,
            options: LoadOptions = LoadOptions(),
            onProgress: (Progress) -> Unit = {},
        ): Model {
            val device = runtime ?: Runtime.open()
            var model: Model? = null
            try {
                return closedUnlessReturned({ model }) {
                    withContext(Dispatchers.IO) {
                        val progress = Telling(onProgress)
                        val loaded = engine { dev.lorgnette.ffi.Model.load(device.ffi, source.ffi(), options.ffi(), progress) }
                        model = Model(loaded, device, ownsRuntime = runtime == null)
                    }
                    model
                }
            } catch (error: Throwable) {
                if (runtime == null) device.close()
                throw error
            }
        }

        /**
         * What would be planned for a model on a device of that profile, from the header of its file alone: without a
         * GPU, in milliseconds. A plan that does not fit is said in the figures.
         */
        public suspend fun inspect(
            source: Source,
            options: LoadOptions = LoadOptions(),
            profile: String? = null,
        ): PlanFigures =
            withContext(Dispatchers.IO) { engine { ffiInspect(source.ffi(), options.ffi(), profile).figures() } }
    }
}

private class Telling(private val tell: (Progress) -> Unit) : LoadProgress {
    override fun onProgress(progress: dev.lorgnette.ffi.Progress) =
        tell(Progress(progress.stage, progress.done.toLong(), progress.total.toLong()))
}

/** Makes something; where that ends otherwise than by handing it over, a cancel included, it is closed again. */
internal suspend fun <T : AutoCloseable> closedUnlessReturned(made: () -> T?, make: suspend () -> T?): T =
    try {
        checkNotNull(make())
    } catch (error: Throwable) {
        withContext(NonCancellable + Dispatchers.IO) { made()?.close() }
        throw error
    }
