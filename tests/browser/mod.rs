//! The served page in Chromium: login, upload, alerts, in both languages, dark and light, and
//! nothing that axe-core finds.

mod entities;
mod rules;
mod session;
mod settings;
mod sources;

use std::path::{Path, PathBuf};
use std::sync::Once;

use fantoccini::Locator;

use crate::drive::{Browser, evidence};

const NAME: &str = "mara";
const PASSWORD: &str = "a long enough passphrase 7!";

async fn log_in(browser: &Browser) {
    browser.page.type_into("login-name", NAME).await;
    browser.page.type_into("login-password", PASSWORD).await;
    browser.page.click("login-submit").await;
    browser.page.find("workspace").await;
}

/// Places that docs/screenshots shows, each in one look; the first one on a large screen too.
const PICTURES: &[&str] = &[
    "alert, dark",
    "first start, light",
    "import tray, dark",
    "alerts, light",
    "alerts in Arabic, dark",
    "rules, light",
    "rule with an error, dark",
    "packs, light",
    "why, and why not, dark",
    "settings runtime, light",
    "source, light",
    "a host's clock, dark",
    "source in Arabic, light",
    "audit row, dark",
];

/// Fails with what axe-core finds on the page as it stands; keeps a picture of it where `./do screenshots` asks for one.
async fn accessible(browser: &Browser, place: &str) {
    let found = browser.violations().await;
    assert!(found.is_empty(), "{place}: {}", found.join("\n"));
    let Some(folder) = std::env::var_os("AURORASOC_SCREENSHOTS").map(PathBuf::from) else { return };
    static CLEARED: Once = Once::new();
    CLEARED.call_once(|| clear(&folder));
    let Some(at) = PICTURES.iter().position(|p| *p == place) else { return };
    let frame = browser.page.run("return outerHeight - innerHeight").await.as_u64().unwrap();
    let sizes: &[(u32, u32)] = if at == 0 { &[(1920, 1080), (1280, 800)] } else { &[(1280, 800)] };
    for (wide, high) in sizes {
        let outer = high + u32::try_from(frame).unwrap();
        browser.page.client.set_window_size(*wide, outer).await.unwrap();
        let name = place.replace([',', ' ', '\''], "-").replace("--", "-");
        browser.page.screenshot(&folder.join(format!("{name}-{wide}x{high}.png"))).await;
    }
}

/// Takes the pictures of the last time away: what is not drawn any more must not be shown.
fn clear(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|end| end == "png") {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// Sets the language of the one who is signed in, as the settings would; seen from the next load on.
async fn speak(browser: &Browser, language: &str) {
    let done = browser
        .page
        .run(&format!(
            "const me = await fetch('/api/v1/users/me');
             const head = {{'X-CSRF-Token': me.headers.get('X-CSRF-Token'), 'Content-Type': 'application/json'}};
             const body = JSON.stringify({{...(await me.json()).preferences, language: '{language}'}});
             return (await fetch('/api/v1/users/me/preferences', {{method: 'PUT', headers: head, body}})).status"
        ))
        .await;
    assert_eq!(done, 200);
}

/// Keys without a field: they go where the focus is.
async fn press(browser: &Browser, keys: &str) {
    browser.page.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

/// Keys mean the row whatever was clicked before, the pane takes the focus, and Escape gives it back.
async fn by_keyboard(browser: &Browser) {
    let page = &browser.page;
    page.click("nav-alerts").await;
    page.find("alert-row").await;
    press(browser, "j").await;
    press(browser, ENTER).await;
    page.find("detail-title").await;
    page.until("document.activeElement.id === 'detail-pane'").await;
    press(browser, "h").await;
    page.until("location.search.includes('form=raw')").await;
    press(browser, ESCAPE).await;
    page.until("!document.querySelector('[data-test=\"detail\"]')").await;
    page.until("document.activeElement.id === 'alerts-list'").await;
    page.click("severity-info").await;
    page.click("severity-info").await;
    page.find("alert-row").await;
    press(browser, "j").await;
    press(browser, ENTER).await;
    page.find("detail-title").await;
    press(browser, ESCAPE).await;
    press(browser, "/").await;
    page.until("document.activeElement.id === 'alerts-search'").await;
    press(browser, ESCAPE).await;
    page.until("document.activeElement.id === 'alerts-list'").await;
}

/// Enter and Escape, as a driver sends them.
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

/// Chooses files in a hidden field, as its dialog would.
async fn choose(browser: &Browser, field: &str, files: &[PathBuf]) {
    let field = browser.page.client.find(Locator::Css(&format!("[data-test=\"{field}\"]"))).await.unwrap();
    let chosen: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    field.send_keys(&chosen.join("\n")).await.unwrap();
}

async fn journey(dark: bool) {
    let look = if dark { "dark" } else { "light" };
    let browser = Browser::start(NAME, PASSWORD, dark).await;
    let page = &browser.page;
    page.find("login-name").await;
    let seen = page.run("return String(matchMedia('(prefers-color-scheme: dark)').matches)").await;
    assert_eq!(seen, dark.to_string().as_str());
    accessible(&browser, &format!("login, {look}")).await;
    page.click("login-language").await;
    page.until("document.documentElement.dir === 'rtl' && document.documentElement.lang === 'ar'").await;
    accessible(&browser, &format!("login in Arabic, {look}")).await;
    page.click("login-language").await;
    page.until("document.documentElement.dir === 'ltr'").await;

    page.type_into("login-name", NAME).await;
    page.type_into("login-password", "not the password").await;
    page.click("login-submit").await;
    page.until("document.querySelector('[data-test=\"login-error\"]').textContent").await;
    page.client.refresh().await.unwrap();
    log_in(&browser).await;
    page.find("first-start").await;
    accessible(&browser, &format!("first start, {look}")).await;

    let Some(folder) = evidence::recordings() else { return };
    let files = evidence::evtx(&folder);
    choose(&browser, "file-field", &files).await;
    page.find("tray-ended").await;
    assert_eq!(page.count("tray-file").await, files.len() as u64);
    let jobs = page.run("return (await (await fetch('/api/v1/jobs')).json()).total").await;
    assert_eq!(jobs, 1, "what was chosen together is one job");
    accessible(&browser, &format!("import tray, {look}")).await;
    page.until("!document.querySelector('[data-test=\"import-cancel\"]')").await;
    page.click("tray-close").await;
    page.click("nav-alerts").await;
    page.find("alert-row").await;
    // Alerts that came while the list was open wait behind a bar; a new load shows all.
    page.client.refresh().await.unwrap();
    page.find("alert-row").await;
    accessible(&browser, &format!("alerts, {look}")).await;
    page.open("alert-row").await;
    page.find("detail-title").await;
    accessible(&browser, &format!("alert, {look}")).await;
    page.click("do-acknowledge").await;
    page.until("document.querySelector('[data-test=\"toast-undo\"]')").await;
    page.click("do-promote").await;
    page.find("detail-case").await;
    page.click("detail-tab-rule").await;
    page.find("rule-body").await;
    accessible(&browser, &format!("rule, {look}")).await;
    for (language, of) in [("en", ""), ("ar", " in Arabic")] {
        speak(&browser, language).await;
        for (path, there) in [
            ("cases", "case-row"),
            ("sources", "source-row"),
            ("detections/rules", "rule-row"),
            ("detections/packs", "pack-row"),
            ("detections/runs", "runs-empty"),
            ("settings/appearance", "theme-dark"),
            ("settings/password", "password-submit"),
            ("settings/users", "user-row"),
            ("settings/keys", "key-create"),
            ("settings/runtime", "runtime-save"),
            ("settings/entities", "merges-empty"),
            ("settings/audit", "audit-row"),
            ("settings/about", "version"),
        ] {
            browser.load(&format!("/{path}")).await;
            page.find(there).await;
            page.until(&format!("document.documentElement.lang === '{language}'")).await;
            accessible(&browser, &format!("{}{of}, {look}", path.replace('/', " "))).await;
        }
    }
    speak(&browser, "en").await;
    browser.load("/alerts").await;
    by_keyboard(&browser).await;
    page.find("alert-row").await;
    page.open("alert-row").await;
    page.find("detail-title").await;

    // The same in Arabic, by the action that every user has.
    page.client
        .execute(
            "document.querySelector('[aria-controls=\"user-menu\"], [popovertarget=\"user-menu\"]').click()",
            vec![],
        )
        .await
        .unwrap();
    page.click("language").await;
    page.until("document.documentElement.dir === 'rtl'").await;
    page.find("alert-row").await;
    accessible(&browser, &format!("alerts in Arabic, {look}")).await;
    page.client.refresh().await.unwrap();
    page.until("document.documentElement.dir === 'rtl'").await;
    assert!(!page.has("login-name").await, "a reload ended the session");
}

#[tokio::test]
async fn from_login_to_alerts_in_the_light() {
    journey(false).await;
}

#[tokio::test]
async fn from_login_to_alerts_in_the_dark() {
    journey(true).await;
}
