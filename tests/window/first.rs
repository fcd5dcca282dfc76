//! A first start: no login, no trace of how it was avoided, nothing that leads out of the window.

use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde_json::json;

use super::{events, get, jobs_done, one_file, shows, signed_in};
use crate::drive::process::{self, Home};
use crate::drive::screen::Screen;
use crate::drive::{Desktop, evidence, store};

#[tokio::test]
async fn a_first_start_needs_no_login_and_leaves_no_secret_behind() {
    let app = Desktop::start(&[]).await;
    app.page.find("first-start").await;
    signed_in(&app).await;
    let address = app.page.client.current_url().await.unwrap();
    assert_eq!(address.fragment(), None, "the start code is still in the address: {address}");
    let seen = app.page.run("return document.cookie + JSON.stringify(history.state)").await;
    assert!(!seen.as_str().unwrap().contains("aurora_session"), "a script can read the cookie: {seen}");
    goes_nowhere_else(&app).await;
    has_keys_that_do_what_the_palette_does(&app).await;
    app.page.client.refresh().await.unwrap();
    app.page.find("first-start").await;
    signed_in(&app).await;

    let cookies = app.page.client.get_all_cookies().await.unwrap();
    let cookie = cookies.iter().find(|it| it.name().starts_with("aurora_session")).expect("no cookie");
    assert!(cookie.value().len() >= 43 && cookie.http_only() == Some(true), "{cookie}");
    no_trace(&app.home, &[cookie.value()]);
    app.close().await;
    no_trace(&app.home, &[cookie.value()]);
}

/// Neither the words nor a start code stands in a command line, an environment or a file of this home.
fn no_trace(home: &Home, words: &[&str]) {
    let look = |place: &str, bytes: &[u8]| {
        // UTF-16 as UTF-8: WebKit writes strings in either.
        let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        for bytes in [bytes, &narrow] {
            let text = String::from_utf8_lossy(bytes);
            for word in words {
                assert!(!text.contains(word), "a secret in {place}");
            }
            let code = |after: &str| after.bytes().take_while(u8::is_ascii_hexdigit).count() >= 64;
            assert!(!text.split("code=").skip(1).any(code), "a start code in {place}");
        }
    };
    for (pid, name) in home.processes() {
        for what in ["cmdline", "environ"] {
            let bytes = std::fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
            look(&format!("{what} of {name}"), &bytes);
        }
    }
    let mut looked = 0;
    let mut folders = vec![home.path().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => {
                    looked += 1;
                    look(
                        &entry.path().display().to_string(),
                        &std::fs::read(entry.path()).unwrap_or_default(),
                    );
                }
                _ => {}
            }
        }
    }
    assert!(looked > 5, "only {looked} files were looked at");
}

async fn goes_nowhere_else(app: &Desktop) {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let address = format!("http://127.0.0.1:{}/", other.local_addr().unwrap().port());
    let tried = format!("location.href = {0}; return String(window.open({0}))", json!(address));
    assert_eq!(app.page.run(&tried).await, json!("null"), "a new window was opened");
    app.page.run("location.href = 'aurora://localhost/do/quit'").await;
    app.page.find("first-start").await;
    let refused = app.page.run("try { await window.__TAURI_INTERNALS__.invoke('plugin:window|close'); return 'done' } catch (e) { return String(e) }").await;
    assert!(refused.as_str().unwrap().contains("not allowed"), "{refused}");
    let refused = app.page.run("try { await window.__TAURI_INTERNALS__.invoke('workspace_open_recent', { path: '/etc' }); return 'done' } catch (e) { return e.title + ' ' + e.text }").await;
    assert!(refused.as_str().unwrap().contains("/etc is not one"), "{refused}");
    assert!(other.accept().is_err(), "the window connected to another server");
}

async fn has_keys_that_do_what_the_palette_does(app: &Desktop) {
    let open = |name: &str| format!("document.querySelector('dialog[data-test=\"{name}\"][open]')");
    app.press(&["ctrl+k"]);
    app.page.until(&open("palette")).await;
    app.press(&["Escape"]);
    app.page.until(&format!("!{}", open("palette"))).await;
    app.press(&["F1"]);
    app.page.until(&open("help-dialog")).await;
    app.press(&["Escape"]);
    app.page.until(&format!("!{}", open("help-dialog"))).await;
    // The native dialog of the menu's entry is the one that the page's action opens.
    for keys in [&["ctrl+o"][..], &["F10", "Right", "Escape", "ctrl+o"]] {
        app.press(keys);
        let dialog = app.screen.window("Choose the folder of a workspace");
        app.screen.press(&app.home, dialog, &["Escape"]);
        app.screen.gone("Choose the folder of a workspace");
    }
    let wide = app.page.run("return innerWidth").await.as_u64().unwrap();
    app.press(&["ctrl+equal"]);
    app.page.until(&format!("innerWidth < {wide}")).await;
    app.press(&["ctrl+0"]);
    app.page.until(&format!("innerWidth === {wide}")).await;
}

#[tokio::test]
async fn a_killed_page_comes_back_signed_in() {
    // Without a driver, so with the web context that users get.
    let home = Home::new();
    let workspace = home.path().join("workspace");
    let (_shown, display) = process::display(&home);
    let screen = Screen::of(&display);
    let mut command = home.command(process::built("aurorasoc-desktop"));
    command.arg("--data-dir").arg(&workspace).env("DISPLAY", &display).env("GDK_BACKEND", "x11");
    let _app = process::start(command);
    screen.window("workspace");
    let calls = |route: &str, status: u64| store::requests(&workspace, route, status);
    let me = "/api/v1/users/me";
    let logs = workspace.join("logs");
    store::until_changed(&logs, "a sign-in", || (calls(me, 200) >= 1).then_some(())).await;
    assert_eq!(calls("/api/v1/auth/session", 204), 1, "one code, one session");
    no_trace(&home, &[]);
    process::kill(home.process("WebKitWebProcess"), rustix::process::Signal::KILL);
    // A dead page calls nothing: what comes now is the next one.
    let before = calls(me, 200);
    store::until_changed(&logs, "a page that came back", || (calls(me, 200) > before).then_some(())).await;
    assert_eq!(calls(me, 401), 0, "it was signed out");
    assert_eq!(calls("/api/v1/auth/session", 204), 1, "by its cookie, with no second code");
    let pid = process::owner(&workspace);
    process::kill(pid, rustix::process::Signal::TERM);
    process::ended(pid).await;
    store::closed_cleanly(&workspace).await;
}

#[tokio::test]
async fn arguments_a_second_start_and_a_drop_are_imported_by_the_same_way() {
    let home = Home::new();
    let Some(folder) = evidence::some(home.path()) else { return };
    let Some(first) = one_file() else { return };
    let all = evidence::evtx(&folder);
    let app = Desktop::start_in(home, &[&first], &[]).await;
    jobs_done(&app, 1).await;
    assert!(events(&app).await > 0);
    // The file again and the rest: only what is new goes in.
    let dropped: Vec<&Path> = all.iter().take(3).map(|path| path.as_path()).collect();
    app.drop_files(&dropped);
    jobs_done(&app, 2).await;
    assert_eq!(app.start_again(&[&folder]), Some(0));
    jobs_done(&app, 3).await;
    let stored = events(&app).await;
    assert!(stored >= all.len() as u64, "{stored} events of {} files", all.len());
    // A name that is no text is a name like any other.
    let odd = app.home.path().join(std::ffi::OsStr::from_bytes(b"sys\xfetem.evtx"));
    std::fs::copy(&first, &odd).unwrap();
    app.drop_files(&[&odd, &first]);
    jobs_done(&app, 4).await;
    let skipped = &get(&app, "jobs").await["items"][0]["skipped"];
    assert!(!skipped.to_string().contains("can't be read"), "{skipped}");
    // Rules among what is dropped become a pack, named after their folder.
    let rules = app.home.path().join("rules of ours");
    std::fs::create_dir(&rules).unwrap();
    let rule = "title: Dropped\nid: 6b1f0e3e-6a43-4c5b-9a6e-0d8a54f6f0aa\nlogsource: {product: windows}\n\
        detection: {s: {EventID: 1}, condition: s}\n";
    std::fs::write(rules.join("one.yml"), rule).unwrap();
    app.drop_files(&[&rules]);
    jobs_done(&app, 5).await;
    let dropped = get(&app, "detections/rules/6b1f0e3e-6a43-4c5b-9a6e-0d8a54f6f0aa").await;
    assert_eq!((&dropped["pack"], &dropped["enabled"]), (&"rules-of-ours".into(), &true.into()), "{dropped}");
    app.page.click("nav-alerts").await;
    app.page.open("alert-row").await;
    app.page.find("detail-title").await;
    let before = get(&app, "alerts").await["total"].as_u64().unwrap();

    // A size and a place of the window are remembered, and what was stored is there.
    app.screen.put(app.window(), (130, 60, 1010, 700));
    app.close().await;
    store::closed_cleanly(&app.workspace()).await;
    let again = app.restart(&[]).await;
    shows(&again, "workspace").await;
    assert_eq!(again.screen.place(again.window()), (130, 60, 1010, 700));
    assert_eq!(get(&again, "alerts").await["total"], before);
    assert_eq!(events(&again).await, stored);
}
