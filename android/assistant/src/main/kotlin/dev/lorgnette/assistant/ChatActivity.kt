/*
 * The phone's screen: what was said, a field for the next question, a stop button, a line on speed and memory, and the
 * choice of a model. It shows the conversation's state and keeps none of its own.
 */
package dev.lorgnette.assistant

import android.app.Activity
import android.app.AlertDialog
import android.content.Intent
import android.os.Bundle
import android.view.Gravity
import android.view.View
import android.view.inputmethod.EditorInfo
import android.widget.Button
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.ProgressBar
import android.widget.ScrollView
import android.widget.TextView
import dev.lorgnette.Message
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

class ChatActivity : Activity() {
    private val scope = CoroutineScope(Job() + Dispatchers.Main)
    private val conversation get() = (application as AssistantApp).conversation
    lateinit var turns: TextView
    lateinit var status: TextView
    lateinit var question: EditText
    lateinit var action: Button
    private lateinit var progress: ProgressBar
    private lateinit var scroll: ScrollView

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(screen())
        state?.let { conversation.restore(saved(it)) }
        scope.launch { conversation.state.collect(::show) }
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        // For when the system ends the app in the background. A turn of the device needs none of it.
        val said = conversation.state.value.turns.takeLast(KEPT)
        state.putStringArray("roles", said.map { it.role }.toTypedArray())
        state.putStringArray("contents", said.map { it.content }.toTypedArray())
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    @Deprecated("What replaces it is not part of the platform.")
    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val uri = data?.data
        if (request != CHOOSE || result != RESULT_OK || uri == null) return
        // The same model can be opened at the next start.
        contentResolver.takePersistableUriPermission(uri, Intent.FLAG_GRANT_READ_URI_PERMISSION)
        conversation.choose(uri.toString())
    }

    private fun saved(state: Bundle): List<Message> {
        val contents = state.getStringArray("contents").orEmpty()
        return state.getStringArray("roles").orEmpty().zip(contents) { role, content -> Message(role, content) }
    }

    private fun show(state: ChatState) {
        val atEnd = !scroll.canScrollVertically(1)
        turns.text = state.turns.joinToString("\n\n") { (if (it.role == "user") "▸ " else "") + it.content }
        status.text = state.error ?: state.status.ifEmpty { if (state.model == null) "Choose a model" else "" }
        progress.visibility = if (state.loading == null) View.GONE else View.VISIBLE
        progress.progress = ((state.loading ?: 0f) * progress.max).toInt()
        action.text = if (state.answering) "Stop" else "Ask"
        action.isEnabled = state.answering || state.canAsk
        if (atEnd) scroll.post { scroll.fullScroll(View.FOCUS_DOWN) }
    }

    private fun act() {
        if (conversation.state.value.answering) return conversation.stop()
        conversation.ask(question.text.toString())
        question.text.clear()
    }

    private fun chooseModel() {
        val bundled = (application as AssistantApp).bundled
        val names = bundled.map { it.removePrefix(AssistantApp.ASSET) } + "A file …"
        AlertDialog.Builder(this).setTitle("Model").setItems(names.toTypedArray()) { _, at ->
            if (at < bundled.size) conversation.choose(bundled[at]) else chooseFile()
        }.show()
    }

    @Suppress("DEPRECATION")
    private fun chooseFile() {
        val open = Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("*/*")
        startActivityForResult(open, CHOOSE)
    }

    private fun screen(): View {
        turns = TextView(this).apply { textSize = 16f; setTextIsSelectable(true) }
        status = TextView(this)
        progress = ProgressBar(this, null, android.R.attr.progressBarStyleHorizontal)
        scroll = ScrollView(this).apply { addView(turns) }
        question = EditText(this).apply {
            hint = "Ask something"
            imeOptions = EditorInfo.IME_ACTION_SEND
            setSingleLine()
            setOnEditorActionListener { _, _, _ -> act(); true }
        }
        action = Button(this).apply { setOnClickListener { act() } }
        val model = Button(this).apply { text = "Model"; setOnClickListener { chooseModel() } }
        val glasses = Button(this).apply {
            text = "Glasses"
            setOnClickListener { startActivity(Intent(this@ChatActivity, GlassesActivity::class.java)) }
        }
        val top = row(model, glasses, status to 1f)
        val bottom = row(question to 1f, action)
        return LinearLayout(this).apply {
            orientation = LinearLayout.VERTICAL
            fitsSystemWindows = true
            addView(top)
            addView(progress)
            addView(scroll, LinearLayout.LayoutParams(LinearLayout.LayoutParams.MATCH_PARENT, 0, 1f))
            addView(bottom)
        }
    }

    /** Views beside each other; those that come with a weight share what is left. */
    private fun row(vararg views: Any): View =
        LinearLayout(this).apply {
            gravity = Gravity.CENTER_VERTICAL
            for (item in views) {
                val (view, weight) = if (item is Pair<*, *>) item.first as View to item.second as Float else item as View to 0f
                val width = if (weight > 0) 0 else LinearLayout.LayoutParams.WRAP_CONTENT
                addView(view, LinearLayout.LayoutParams(width, LinearLayout.LayoutParams.WRAP_CONTENT, weight))
            }
        }

    private companion object {
        const val CHOOSE = 1

        /** Turns that are kept where the system ends the app: what it keeps for an app is small. */
        const val KEPT = 20
    }
}
