// The glasses' screen: one line of large text, and a button to hold while asking. What it does is in `Glasses`.

#if canImport(SwiftUI)
    import SwiftUI

    /// The glasses' screen.
    public struct GlassesView: View {
        let glasses: Glasses
        @State private var typed = ""

        public init(glasses: Glasses) { self.glasses = glasses }

        public var body: some View {
            VStack(spacing: 24) {
                Spacer()
                Text(shown)
                    .font(.system(size: 44, weight: .semibold, design: .rounded))
                    .lineLimit(1)
                    .minimumScaleFactor(0.4)
                    .frame(maxWidth: .infinity)
                Spacer()
                // Where glasses hear, this types: speech recognition is the app's own choice.
                TextField("Question", text: $typed).textFieldStyle(.roundedBorder).foregroundStyle(.black)
                Circle()
                    .fill(glasses.phase == .listening ? Color.red : Color.green)
                    .frame(width: 72, height: 72)
                    .overlay(Image(systemName: "mic.fill").font(.title))
                    .gesture(hold)
                    .accessibilityLabel("Hold to ask")
            }
            .padding()
            .foregroundStyle(.green)
            .background(.black)
        }

        private var shown: String {
            switch glasses.phase {
            case .idle: "Hold to ask"
            case .listening: typed.isEmpty ? "…" : typed
            case .answering, .done: glasses.line
            case .failed(let message): message
            }
        }

        private var hold: some Gesture {
            DragGesture(minimumDistance: 0)
                .onChanged { _ in
                    if glasses.phase != .listening { glasses.press() }
                }
                .onEnded { _ in
                    glasses.hear(typed)
                    glasses.release()
                    typed = ""
                }
        }
    }
#endif
