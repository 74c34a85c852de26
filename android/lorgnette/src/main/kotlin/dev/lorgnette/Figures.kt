/*
 * What there is to know about a device, a plan, a load and memory: plain data, in bytes and seconds.
 */
package dev.lorgnette

import dev.lorgnette.ffi.AdapterFacts
import dev.lorgnette.ffi.Counters as FfiCounters
import dev.lorgnette.ffi.Doctor as FfiDoctor
import dev.lorgnette.ffi.LoadTimings as FfiLoadTimings
import dev.lorgnette.ffi.Memory as FfiMemory
import dev.lorgnette.ffi.PlanFigures as FfiPlanFigures
import dev.lorgnette.ffi.Purposes as FfiPurposes

/** What an adapter has. [kind] is `discrete`, `integrated`, `virtual`, `software`, `reference` or `unknown`. */
public data class Adapter(
    val name: String,
    val driver: String,
    val backend: String,
    val kind: String,
    val maxBindingBytes: Long,
    val maxBufferBytes: Long,
    val maxWorkgroupBytes: Int,
    val maxWorkgroupInvocations: Int,
    val subgroups: IntRange,
    val features: List<String>,
)

/** What was asked of the GPU since a runtime was opened. */
public data class Counters(
    val liveBytes: Long,
    val peakBytes: Long,
    val buffers: Long,
    val dispatches: Long,
    val submits: Long,
    val copies: Long,
    val readBackBytes: Long,
)

/** Planned bytes by purpose. [reserve] and [host] are upper bounds; [host] alone is not on the GPU. */
public data class Purposes(
    val weights: Long,
    val kv: Long,
    val scratch: Long,
    val staging: Long,
    val reserve: Long,
    val host: Long,
)

/**
 * The plan of a model with one session open, before or after it is loaded.
 *
 * @property fits whether it stays within the budget; if not, these are the figures of the smallest plan that will do.
 * @property refusal why it does not fit, with what each choice would cost.
 * @property totalBytes on the GPU and the host at the peak.
 * @property minimumBytes the fewest that will do.
 * @property streamedBytesPerToken bytes of the file that every token reads.
 */
public data class PlanFigures(
    val fits: Boolean,
    val refusal: String,
    val totalBytes: Long,
    val minimumBytes: Long,
    val purposes: Purposes,
    val context: Int,
    val trainedContext: Int,
    val kv: KvFormat,
    val prefillChunk: Int,
    val layers: Int,
    val streamedLayers: Int,
    val streamedBytesPerToken: Long,
    val vocabulary: Int,
)

/** Where the bytes of a model are: as planned with one session, and as counted now, other models of its runtime included. */
public data class Memory(
    val plannedBytes: Long,
    val sessionBytes: Long,
    val purposes: Purposes,
    val gpuBytes: Long,
    val gpuPeakBytes: Long,
)

/** What the parts of a load took, in seconds; pipelines and weights go on at once. */
public data class LoadTimings(
    val open: Double,
    val text: Double,
    val trials: Double,
    val tried: Int,
    val pipelines: Double,
    val weights: Double,
    val load: Double,
)

/** What belongs into a bug report: [text] has all of it in lines. */
public data class Doctor(val used: Adapter, val adapters: List<Adapter>, val kernels: List<Kernel>, val text: String) {
    /** A kernel, the variant that is used, and what was found out about each. */
    public data class Kernel(val name: String, val used: String?, val variants: List<Variant>)

    /** [outcome] is `right`, `wrong`, `refused` or `barred`; [error] the worst normalised mean squared error. */
    public data class Variant(
        val name: String,
        val outcome: String,
        val error: Double,
        val seconds: Double?,
        val message: String,
    )
}

internal fun AdapterFacts.adapter(): Adapter =
    Adapter(
        name,
        driver,
        backend,
        kind,
        maxBindingBytes.toLong(),
        maxBufferBytes.toLong(),
        maxWorkgroupBytes.toInt(),
        maxWorkgroupInvocations.toInt(),
        leastSubgroup.toInt()..largestSubgroup.toInt(),
        features,
    )

internal fun FfiCounters.counters(): Counters =
    Counters(
        liveBytes.toLong(),
        peakBytes.toLong(),
        buffers.toLong(),
        dispatches.toLong(),
        submits.toLong(),
        copies.toLong(),
        readBackBytes.toLong(),
    )

internal fun FfiPurposes.purposes(): Purposes =
    Purposes(weights.toLong(), kv.toLong(), scratch.toLong(), staging.toLong(), reserve.toLong(), host.toLong())

internal fun FfiPlanFigures.figures(): PlanFigures =
    PlanFigures(
        fits,
        refusal,
        totalBytes.toLong(),
        minimumBytes.toLong(),
        memory.purposes(),
        context.toInt(),
        trainedContext.toInt(),
        kv,
        prefillChunk.toInt(),
        layers.toInt(),
        streamedLayers.toInt(),
        streamedBytesPerToken.toLong(),
        vocabulary.toInt(),
    )

internal fun FfiMemory.memory(): Memory =
    Memory(
        plannedBytes.toLong(),
        sessionBytes.toLong(),
        purposes.purposes(),
        gpuBytes.toLong(),
        gpuPeakBytes.toLong(),
    )

internal fun FfiLoadTimings.timings(): LoadTimings =
    LoadTimings(openS, textS, trialsS, tried.toInt(), pipelinesS, weightsS, loadS)

internal fun FfiDoctor.doctor(): Doctor =
    Doctor(
        used.adapter(),
        adapters.map { it.adapter() },
        kernels.map { kernel ->
            val variants = kernel.variants.map { Doctor.Variant(it.name, it.outcome, it.error, it.seconds, it.message) }
            Doctor.Kernel(kernel.kernel, kernel.used, variants)
        },
        text,
    )
