//! The real desktop window: what a user does in it from a first start on, and what must not get out of it.

mod first;
mod leaving;
mod starts;
mod told;
mod trouble;
mod workspaces;

use std::path::PathBuf;

use serde_json::Value;

use crate::drive::{Desktop, evidence};

/// The page is signed in: the workspace's own page is there and no login form.
async fn signed_in(app: &Desktop) {
    app.page.find("mode").await;
    assert!(!app.page.has("login-name").await, "a login form in the window");
}

/// Waits until the page of the workspace with this name is signed in.
async fn shows(app: &Desktop, workspace: &str) {
    let named = "document.querySelector('[data-test=\"workspace-menu\"]')";
    app.page.until(&format!("{named} && {named}.textContent.includes('{workspace}')")).await;
    signed_in(app).await;
}

/// What a GET of the API answers to the page.
async fn get(app: &Desktop, path: &str) -> Value {
    app.page.run(&format!("return await (await fetch('/api/v1/{path}')).json()")).await
}

/// Events in the open workspace.
async fn events(app: &Desktop) -> u64 {
    get(app, "siem/stats").await["events"].as_u64().unwrap()
}

/// Waits until this many jobs are done.
async fn jobs_done(app: &Desktop, jobs: u64) {
    let total = "(await (await fetch('/api/v1/jobs?status=done')).json()).total";
    app.page.until_served(&format!("{total} >= {jobs}")).await;
}

/// The tray says that an import has ended.
async fn imported(app: &Desktop) {
    app.page.find("tray-ended").await;
}

/// Runs an action of the palette.
async fn by_palette(app: &Desktop, label: &str) {
    app.page.click("open-palette").await;
    app.page.type_into("palette-field", label).await;
    app.page.type_into("palette-field", "\u{e007}").await;
}

/// One EVTX file.
fn one_file() -> Option<PathBuf> {
    evidence::evtx(&evidence::recordings()?).into_iter().next()
}
