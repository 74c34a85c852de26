/*
 * The screen of a pair of glasses: one line of large text, as fast as it is read. Press to ask, by voice where the system
 * has that; press while it answers to stop. The conversation is the phone's.
 */
package dev.lorgnette.assistant

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.graphics.Color
import android.os.Bundle
import android.speech.RecognizerIntent
import android.view.Gravity
import android.view.KeyEvent
import android.view.WindowManager
import android.widget.TextView
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

class GlassesActivity : Activity() {
    private val scope = CoroutineScope(Job() + Dispatchers.Main)
    private val conversation get() = (application as AssistantApp).conversation
    private val lines = Lines(WIDTH)
    lateinit var line: TextView

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        line = TextView(this).apply {
            textSize = 40f
            gravity = Gravity.CENTER
            maxLines = 1
            // Black is what glasses do not show.
            setBackgroundColor(Color.BLACK)
            setTextColor(Color.WHITE)
            setOnClickListener { press() }
        }
        setContentView(line)
        scope.launch { conversation.state.collect(::show) }
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    /** The one button of the frame, on devices that have one. */
    override fun onKeyDown(code: Int, event: KeyEvent): Boolean {
        if (code != KeyEvent.KEYCODE_DPAD_CENTER && code != KeyEvent.KEYCODE_ENTER) return super.onKeyDown(code, event)
        if (event.repeatCount == 0) press()
        return true
    }

    @Deprecated("What replaces it is not part of the platform.")
    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val heard = data?.getStringArrayListExtra(RecognizerIntent.EXTRA_RESULTS)?.firstOrNull()
        if (request == LISTEN && result == RESULT_OK && heard != null) conversation.ask(heard, paced = true)
    }

    private fun show(state: ChatState) {
        val last = state.turns.lastOrNull()
        line.text = when {
            state.error != null -> state.error
            state.loading != null -> "%.0f %%".format(state.loading * 100)
            state.answering && last?.content.isNullOrEmpty() -> "…"
            last != null && last.role == "assistant" -> lines.last(last.content)
            state.model == null -> "Choose a model"
            else -> "Press to ask"
        }
    }

    @Suppress("DEPRECATION")
    private fun press() {
        if (conversation.state.value.answering) return conversation.stop()
        if (!conversation.state.value.canAsk) return
        val listen = Intent(RecognizerIntent.ACTION_RECOGNIZE_SPEECH)
            .putExtra(RecognizerIntent.EXTRA_LANGUAGE_MODEL, RecognizerIntent.LANGUAGE_MODEL_FREE_FORM)
            .putExtra(RecognizerIntent.EXTRA_PREFER_OFFLINE, true)
        try {
            startActivityForResult(listen, LISTEN)
        } catch (_: ActivityNotFoundException) {
            line.text = "This device hears nothing"
        }
    }

    private companion object {
        const val LISTEN = 1

        /** Characters that are read at a glance. */
        const val WIDTH = 24
    }
}
