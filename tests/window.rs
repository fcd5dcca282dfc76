//! The real desktop window: from a first start to alerts, by file arguments, by a second start and
//! by a drop; and what must not get out of it.

use std::net::TcpListener;
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use crate::drive::{Desktop, evidence, page::PATIENCE, process::Home, xdnd};

/// The page is signed in: the workspace's own page is there and no login form.
async fn signed_in(app: &Desktop) {
    app.page.find("mode").await;
    assert!(!app.page.has("login-name").await, "a login form in the window");
}

async fn alerts(app: &Desktop) -> u64 {
    app.page.until("location.pathname.startsWith('/alerts')").await;
    app.page.find("alert-row").await;
    app.page.count("alert-row").await
}

/// Ends the app as its close button does and waits until the process is gone.
fn close(app: &Desktop) {
    xdnd::close_window(&app.display);
    let since = Instant::now();
    while !app.pids("aurorasoc-desktop").is_empty() {
        assert!(since.elapsed() < PATIENCE, "the app did not end when its window was closed");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_first_start_needs_no_login_and_leaves_no_code_behind() {
    let app = Desktop::start(&[]).await;
    app.page.find("first-start").await;
    signed_in(&app).await;
    let address = app.page.client.current_url().await.unwrap();
    assert_eq!(address.fragment(), None, "the start code is still in the address: {address}");
    let seen = app.page.run("return document.cookie + JSON.stringify(history.state)").await;
    assert!(!seen.as_str().unwrap().contains("aurora_session"), "a script can read the cookie: {seen}");
    app.page.client.refresh().await.unwrap();
    app.page.find("first-start").await;
    signed_in(&app).await;
    for pid in app.pids("aurorasoc-desktop") {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        assert!(!String::from_utf8_lossy(&line).contains("code="));
    }
}

#[tokio::test]
async fn a_second_start_hands_its_folder_over_and_alerts_appear() {
    let Some(folder) = evidence::recordings() else { return };
    let app = Desktop::start(&[]).await;
    app.page.find("first-start").await;
    assert_eq!(app.start_again(&[&folder]), Some(0));
    app.page.find("tray-ended").await;
    app.page.click("nav-alerts").await;
    assert!(alerts(&app).await > 0);
    app.page.open("alert-row").await;
    app.page.find("detail-title").await;
    app.page.client.refresh().await.unwrap();
    signed_in(&app).await;
    let before = alerts(&app).await;
    close(&app);
    // The same workspace again: closed cleanly, still signed in without a form, nothing lost.
    let again = app.restart(&[]).await;
    again.page.click("nav-alerts").await;
    assert_eq!(alerts(&again).await, before);
    signed_in(&again).await;
}

#[tokio::test]
async fn a_file_argument_and_a_real_drop_are_imported_by_the_same_way() {
    let Some(folder) = evidence::recordings() else { return };
    let files = evidence::evtx(&folder);
    let (first, rest) = files.split_first().unwrap();
    let app = Desktop::start(&[first]).await;
    app.page.until("document.querySelector('[data-test=\"alert-row\"], [data-test=\"empty-alerts\"], [data-test=\"tray-ended\"]')").await;
    let dropped: Vec<&Path> = rest.iter().map(|path| path.as_path()).collect();
    xdnd::drop_files(&app.display, &dropped);
    app.page.find("tray-ended").await;
    app.page.click("nav-alerts").await;
    assert!(alerts(&app).await > 0);
}

#[tokio::test]
async fn the_window_goes_nowhere_else_and_grants_nothing_more() {
    let app = Desktop::start(&[]).await;
    app.page.find("first-start").await;
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let address = format!("http://127.0.0.1:{}/", other.local_addr().unwrap().port());
    let tried = format!("location.href = {0}; return String(window.open({0}))", json!(address));
    assert_eq!(app.page.run(&tried).await, json!("null"), "a new window was opened");
    app.page.find("first-start").await;
    let refused = app.page.run("try { await window.__TAURI_INTERNALS__.invoke('plugin:window|close'); return 'done' } catch (e) { return String(e) }").await;
    assert!(refused.as_str().unwrap().contains("not allowed"), "{refused}");
    let refused = app.page.run("try { await window.__TAURI_INTERNALS__.invoke('workspace_open_recent', { path: '/etc' }); return 'done' } catch (e) { return e.title + ' ' + e.text }").await;
    assert!(refused.as_str().unwrap().contains("/etc is not one"), "{refused}");
    assert!(other.accept().is_err(), "the window connected to another server");
}

#[tokio::test]
async fn a_backend_that_cannot_start_says_why() {
    let home = Home::new();
    let workspace = home.path().join("workspace");
    std::fs::create_dir(&workspace).unwrap();
    std::fs::write(workspace.join("aurora.db"), "this is no database, and long enough to be looked at")
        .unwrap();
    let app = Desktop::start_in(home, &[]).await;
    let shown = app.page.until("document.querySelector('h1') && document.body.innerText").await;
    let shown = shown.as_str().unwrap();
    assert!(shown.contains("Try again") && shown.contains("Log"), "{shown}");
    let kept = std::fs::read_to_string(app.workspace().join("aurora.db")).unwrap();
    assert!(kept.starts_with("this is no database"), "a file that is no database was changed");
}
