// A stand-in for the little of UIKit that Sources/Lorgnette/Lifecycle.swift names, so that it is compiled and tested on
// Linux too. It is no part of the package anywhere else.

import Foundation

@MainActor
public final class UIApplication {
    public nonisolated static let didEnterBackgroundNotification = Notification.Name("didEnterBackground")
    public nonisolated static let willEnterForegroundNotification = Notification.Name("willEnterForeground")
    public nonisolated static let didReceiveMemoryWarningNotification = Notification.Name("didReceiveMemoryWarning")
}
