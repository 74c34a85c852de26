/*
 * How long a token takes in Kotlin: the same as runtime/examples/tokens.rs, which it is held against by android/bench.
 * Arguments: MODEL TOKENS ADAPTER.
 */
package dev.lorgnette

object Bench {
    @JvmStatic
    fun main(arguments: Array<String>): Unit = test {
        val (path, count, adapter) = arguments
        val tokens = count.toInt()
        val runtime = Runtime.open(adapter)
        val model = Model.load(path, runtime, LoadOptions(context = tokens + 64))
        val options = AnswerOptions.Greedy.copy(maxTokens = tokens, ignoreEnd = true)
        while (readlnOrNull() != null) {
            var first = 0L
            var made = 0
            var bytes = 0
            model.session().ask("Go on.", options).collect {
                if (it is Event.Text) {
                    if (first == 0L && it.tokens.isNotEmpty()) first = System.nanoTime()
                    made += it.tokens.size
                    bytes += it.text.toByteArray().size
                }
            }
            val taken = System.nanoTime() - first
            println("${taken / (made - 1)} ns a token, $made tokens, $bytes bytes")
        }
        listOf(model, runtime).forEach { it.close() }
    }
}
