//! The real desktop window, started by WebKitWebDriver under a display of its own.

use std::path::{Path, PathBuf};

use fantoccini::wd::Capabilities;
use serde_json::json;

use super::page::Page;
use super::process::{self, Home, Running};
use super::screen::Screen;
use super::xdnd;

/// The window's program.
const PROGRAM: &str = "aurorasoc-desktop";

/// A running desktop app and its page.
pub struct Desktop {
    /// What the window shows.
    pub page: Page,
    /// What else stands on its display.
    pub screen: Screen,
    /// The display, as DISPLAY names it.
    pub display: String,
    /// The private home.
    pub home: Home,
    _driver: Running,
    _display: Running,
}

impl Desktop {
    /// Starts the app on the workspace `home/workspace` with these further arguments, and attaches
    /// to its window.
    pub async fn start(arguments: &[&Path]) -> Self {
        Self::start_in(Home::new(), arguments, &[]).await
    }

    /// [`Self::start`] in a home that has been used before, with these further variables.
    pub async fn start_in(home: Home, arguments: &[&Path], variables: &[(&str, &str)]) -> Self {
        let (shown, display) = process::display(&home);
        let screen = Screen::of(&display);
        let mut args = vec!["--data-dir".to_owned(), home.path().join("workspace").display().to_string()];
        args.extend(arguments.iter().map(|path| path.display().to_string()));
        let options = json!({ "binary": process::built(PROGRAM), "args": args });
        let capabilities = Capabilities::from_iter([("webkitgtk:browserOptions".to_owned(), options)]);
        let port = process::free_port();
        let mut driver = home.command("WebKitWebDriver");
        driver.args([format!("--port={port}"), "--host=127.0.0.1".into()]);
        driver.env("DISPLAY", &display).env("GDK_BACKEND", "x11");
        driver.env("TAURI_AUTOMATION", "true").env("TAURI_WEBVIEW_AUTOMATION", "true");
        driver.envs(variables.iter().copied());
        let driver = process::start(driver);
        let page = Page::attach(port, capabilities).await.expect("WebKitWebDriver does not answer");
        Self { page, screen, display, home, _driver: driver, _display: shown }
    }

    /// The app's window.
    pub fn window(&self) -> u32 {
        self.screen.window("AuroraSOC Desktop")
    }

    /// Presses keys in the window, as a person does.
    pub fn press(&self, keys: &[&str]) {
        self.screen.press(&self.home, self.window(), keys);
    }

    /// Answers the native file dialog of this title.
    pub fn choose(&self, title: &str, path: &Path) {
        self.screen.choose(&self.home, title, path);
    }

    /// Clicks the window's close button.
    pub fn close_button(&self) {
        xdnd::close_window(&self.display, self.window());
    }

    /// Drops files and folders on the window, as a file manager does.
    pub fn drop_files(&self, paths: &[&Path]) {
        xdnd::drop_files(&self.display, self.window(), paths);
    }

    /// Closes the window and waits until the program has ended.
    pub async fn close(&self) {
        let pid = self.home.process(PROGRAM);
        self.close_button();
        process::ended(pid).await;
    }

    /// The workspace's folder.
    pub fn workspace(&self) -> PathBuf {
        self.home.path().join("workspace")
    }

    /// Starts the app a second time with these arguments and gives its exit code. It must end by
    /// itself: the first one takes the arguments.
    pub fn start_again(&self, arguments: &[&Path]) -> Option<i32> {
        self.start_again_in(&self.workspace(), arguments)
    }

    /// The same with the name of another workspace.
    pub fn start_again_in(&self, workspace: &Path, arguments: &[&Path]) -> Option<i32> {
        let mut command = self.home.command(process::built(PROGRAM));
        command.arg("--data-dir").arg(workspace).args(arguments).env("DISPLAY", &self.display);
        let mut second = process::start(command);
        second.0.wait().unwrap().code()
    }

    /// Starts the app again in the same home, after it ended.
    pub async fn restart(self, arguments: &[&Path]) -> Self {
        let Self { page, home, screen, _driver, _display, .. } = self;
        drop((page, screen, _driver, _display));
        Self::start_in(home, arguments, &[]).await
    }
}
