//! The real desktop window, started by WebKitWebDriver under a display of its own.

use std::path::{Path, PathBuf};

use fantoccini::wd::Capabilities;
use serde_json::json;

use super::page::Page;
use super::process::{self, Home, Running};

/// The window's program.
const PROGRAM: &str = "aurorasoc-desktop";

/// A running desktop app and its page.
pub struct Desktop {
    /// What the window shows.
    pub page: Page,
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
        Self::start_in(Home::new(), arguments).await
    }

    /// [`Self::start`] in a home that has been used before.
    pub async fn start_in(home: Home, arguments: &[&Path]) -> Self {
        let (screen, display) = process::display(&home);
        let mut args = vec!["--data-dir".to_owned(), home.path().join("workspace").display().to_string()];
        args.extend(arguments.iter().map(|path| path.display().to_string()));
        let options = json!({ "binary": process::built(PROGRAM), "args": args });
        let capabilities = Capabilities::from_iter([("webkitgtk:browserOptions".to_owned(), options)]);
        let port = process::free_port();
        let mut driver = home.command("WebKitWebDriver");
        driver.args([format!("--port={port}"), "--host=127.0.0.1".into()]);
        driver.env("DISPLAY", &display).env("GDK_BACKEND", "x11");
        driver.env("TAURI_AUTOMATION", "true").env("TAURI_WEBVIEW_AUTOMATION", "true");
        let driver = process::start(driver);
        let page = Page::attach(port, capabilities).await.expect("WebKitWebDriver does not answer");
        Self { page, display, home, _driver: driver, _display: screen }
    }

    /// The workspace's folder.
    pub fn workspace(&self) -> PathBuf {
        self.home.path().join("workspace")
    }

    /// Starts the app a second time with these arguments and gives its exit code. It must end by
    /// itself: the first one takes the arguments.
    pub fn start_again(&self, arguments: &[&Path]) -> Option<i32> {
        let mut command = self.home.command(process::built(PROGRAM));
        command.arg("--data-dir").arg(self.workspace()).args(arguments).env("DISPLAY", &self.display);
        let mut second = process::start(command);
        second.0.wait().unwrap().code()
    }

    /// Starts the app again in the same home, after it ended.
    pub async fn restart(self, arguments: &[&Path]) -> Self {
        let Self { page, home, _driver, _display, .. } = self;
        drop((page, _driver, _display));
        Self::start_in(home, arguments).await
    }

    /// The process ids of this home's processes that run the program `name`.
    pub fn pids(&self, name: &str) -> Vec<u32> {
        pids(&self.home, name)
    }
}

fn pids(home: &Home, name: &str) -> Vec<u32> {
    let mark = format!("HOME={}", home.path().display()).into_bytes();
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let read = |what: &str| std::fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
            let runs = read("cmdline")
                .split(|byte| *byte == 0)
                .next()
                .unwrap_or_default()
                .ends_with(name.as_bytes());
            runs && read("environ").split(|byte| *byte == 0).any(|one| one == mark)
        })
        .collect()
}
