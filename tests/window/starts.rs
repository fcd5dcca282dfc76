//! Later starts come to the window that is there, each with its own workspace; and a window whose session is gone.

use super::{by_palette, events, get, jobs_done, one_file, shows, signed_in};
use crate::drive::process::{self, Home};
use crate::drive::screen::Screen;
use crate::drive::{Desktop, evidence, store::Brake};

#[tokio::test]
async fn a_later_start_imports_into_the_workspace_that_it_names_and_into_no_other() {
    let Some(file) = one_file() else { return };
    let app = Desktop::start(&[]).await;
    signed_in(&app).await;
    let (first, second) = (app.workspace(), app.home.path().join("beta"));
    std::fs::create_dir(&second).unwrap();
    by_palette(&app, "New workspace").await;
    app.choose("Choose or make an empty folder", &second);
    shows(&app, "beta").await;

    // The folder of the first start, which the window does not show any more.
    assert_eq!(app.start_again_in(&first, &[&file]), Some(0));
    shows(&app, "workspace").await;
    jobs_done(&app, 1).await;
    assert!(events(&app).await > 0);
    assert_eq!(app.start_again_in(&second, &[]), Some(0));
    shows(&app, "beta").await;
    assert_eq!(
        (events(&app).await, &get(&app, "jobs").await["total"]),
        (0, &0.into()),
        "two workspaces were mixed"
    );
    // The one that is shown: no switch, the same window.
    assert_eq!(app.start_again_in(&second, &[&file]), Some(0));
    jobs_done(&app, 1).await;
    shows(&app, "beta").await;

    // While an import runs, it asks as a switch does; no answer, no import.
    let brake = Brake::on(&second);
    app.drop_files(&[&evidence::recordings().unwrap()]);
    app.page.find("import-cancel").await;
    for choice in ["close-cancel", "close-pause"] {
        assert_eq!(app.start_again_in(&first, &[&file]), Some(0));
        app.page.until("document.querySelector('dialog[data-test=\"close-dialog\"][open]')").await;
        app.page.click_last(choice).await;
        if choice == "close-cancel" {
            app.page.until("!document.querySelector('dialog[data-test=\"close-dialog\"][open]')").await;
            shows(&app, "beta").await;
        }
    }
    drop(brake);
    shows(&app, "workspace").await;
    jobs_done(&app, 2).await;

    // A folder of other files: refused in words, and the window stays where it is.
    assert_eq!(app.start_again_in(app.home.path(), &[&file]), Some(0));
    let said = app.screen.window("other files");
    app.screen.press(&app.home, said, &["Return"]);
    shows(&app, "workspace").await;
    assert_eq!(get(&app, "jobs").await["total"], 2);
}

#[tokio::test]
async fn two_starts_at_one_moment_are_one_window() {
    let Some(file) = one_file() else { return };
    let home = Home::new();
    let workspace = home.path().join("workspace");
    let (_shown, display) = process::display(&home);
    let screen = Screen::of(&display);
    let start = || {
        let mut command = home.command(process::built("aurorasoc-desktop"));
        command
            .arg("--data-dir")
            .arg(&workspace)
            .arg(&file)
            .env("DISPLAY", &display)
            .env("GDK_BACKEND", "x11");
        process::start(command)
    };
    let mut both = [start(), start(), start()];
    screen.window("workspace");
    let owner = process::owner(&workspace);
    for one in both.iter_mut().filter(|one| one.0.id() != owner) {
        assert_eq!(one.0.wait().unwrap().code(), Some(0), "a second window");
    }
    assert_eq!(screen.titled("AuroraSOC Desktop"), 1);
    // What each was asked for is done by the one.
    crate::drive::store::until_jobs(&workspace, 3).await;
    process::kill(owner, rustix::process::Signal::TERM);
    process::ended(owner).await;
    crate::drive::store::closed_cleanly(&workspace).await;
}

#[tokio::test]
async fn a_window_whose_session_is_gone_is_signed_in_by_reload() {
    let app = Desktop::start(&[]).await;
    signed_in(&app).await;
    let gone = "return (await fetch('/api/v1/users/me')).status === 401";
    let leave = "const me = await fetch('/api/v1/users/me'); \
        const headers = { 'X-CSRF-Token': me.headers.get('X-CSRF-Token') }; \
        return (await fetch('/api/v1/auth/logout', { method: 'POST', headers })).status";
    for by in ["keys", "page"] {
        let left = app.page.run(leave).await;
        assert_eq!(app.page.run(gone).await, serde_json::json!(true), "not signed out: {left}");
        // A script that waits would be cut off by the load: a mark on the page tells that it is another one.
        app.page.run("window.before = true").await;
        match by {
            "keys" => app.press(&["ctrl+r"]),
            _ => drop(
                app.page
                    .run("setTimeout(() => window.__TAURI_INTERNALS__.invoke('act', { action: 'reload' }))")
                    .await,
            ),
        }
        app.page.until("!window.before && document.querySelector('[data-test=\"mode\"]')").await;
        signed_in(&app).await;
        app.page.until_served("(await fetch('/api/v1/users/me')).status === 200").await;
    }
}
