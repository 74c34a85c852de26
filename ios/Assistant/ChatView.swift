// The chat's screen: model chooser, messages, a line of figures, ask and stop. What it does is in `Chat`.

#if canImport(SwiftUI)
    import Lorgnette
    import SwiftUI

    /// The chat's screen.
    public struct ChatView: View {
        let chat: Chat
        let choices: [ModelChoice]
        let open: (ModelChoice) -> Void
        @State private var question = ""

        public init(chat: Chat, choices: [ModelChoice], open: @escaping (ModelChoice) -> Void) {
            (self.chat, self.choices, self.open) = (chat, choices, open)
        }

        public var body: some View {
            VStack(spacing: 8) {
                messages
                status
                entry
            }
            .padding()
            .navigationTitle(chat.modelName.isEmpty ? "Lorgnette" : chat.modelName)
            .toolbar {
                Menu("Model") {
                    ForEach(choices) { choice in
                        Button {
                            open(choice)
                        } label: {
                            Text(choice.name)
                            Text(choice.detail)
                        }
                        .disabled(!choice.isUsable)
                    }
                }
            }
        }

        private var messages: some View {
            ScrollViewReader { reader in
                ScrollView {
                    LazyVStack(alignment: .leading, spacing: 12) {
                        ForEach(Array(chat.messages.enumerated()), id: \.offset) { index, message in
                            Text(message.content)
                                .padding(10)
                                .background(message.role == "user" ? Color.accentColor.opacity(0.2) : Color.gray.opacity(0.15))
                                .clipShape(RoundedRectangle(cornerRadius: 12))
                                .frame(maxWidth: .infinity, alignment: message.role == "user" ? .trailing : .leading)
                                .textSelection(.enabled)
                                .id(index)
                        }
                    }
                }
                .onChange(of: chat.messages.last?.content) { reader.scrollTo(chat.messages.count - 1, anchor: .bottom) }
            }
        }

        @ViewBuilder private var status: some View {
            switch chat.phase {
            case .loading(let stage, let fraction): ProgressView("\(stage)", value: fraction)
            case .failed(let message): Text(message).foregroundStyle(.red)
            case .empty: Text(choices.isEmpty ? "Put a GGUF file into this app's folder." : "Choose a model.")
            case .ready, .answering: Text(chat.figures).font(.caption).foregroundStyle(.secondary)
            }
        }

        private var entry: some View {
            HStack {
                TextField("Ask", text: $question, axis: .vertical).textFieldStyle(.roundedBorder).onSubmit(ask)
                if chat.phase == .answering {
                    Button("Stop", systemImage: "stop.fill", action: chat.stop)
                } else {
                    Button("Ask", systemImage: "arrow.up", action: ask).disabled(!chat.canAsk || question.isEmpty)
                }
            }
            .labelStyle(.iconOnly)
        }

        private func ask() {
            chat.ask(question)
            question = ""
        }
    }
#endif
