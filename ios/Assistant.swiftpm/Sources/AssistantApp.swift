// The demo's entry: one device, one chat, the glasses on a second tab. All else is in the package's target Assistant.

import Assistant
import Lorgnette
import SwiftUI

@main
struct AssistantApp: App {
    @State private var app = AssistantModel()

    var body: some Scene {
        WindowGroup {
            TabView {
                NavigationStack {
                    ChatView(chat: app.chat, choices: app.choices) { choice in
                        Task { await app.open(choice) }
                    }
                }
                .tabItem { Label("Chat", systemImage: "bubble.left") }
                Group {
                    if let glasses = app.glasses {
                        GlassesView(glasses: glasses)
                    } else {
                        Text("Choose a model in the chat first.")
                    }
                }
                .tabItem { Label("Glasses", systemImage: "eyeglasses") }
            }
            .task { app.look() }
        }
    }
}
