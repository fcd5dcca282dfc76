//! Runtime settings with a conflict, and the audit log that knows of it.

use super::{NAME, PASSWORD, accessible, log_in};
use crate::drive::Browser;

/// Changes a setting as another client would.
async fn change_elsewhere(browser: &Browser, body: &str) {
    let done = browser
        .page
        .run(&format!(
            "const me = await fetch('/api/v1/users/me');
             const head = {{'X-CSRF-Token': me.headers.get('X-CSRF-Token'), 'Content-Type': 'application/json'}};
             const answer = await fetch('/api/v1/settings/runtime', {{method: 'PATCH', headers: head, body: '{body}'}});
             return answer.status"
        ))
        .await;
    assert_eq!(done, 200);
}

async fn fill(browser: &Browser, name: &str, value: &str) {
    let field = browser.page.find(name).await;
    field.clear().await.unwrap();
    field.send_keys(value).await.unwrap();
}

#[tokio::test]
async fn two_who_change_a_setting_see_both_values() {
    let browser = Browser::start(NAME, PASSWORD, false).await;
    let page = &browser.page;
    log_in(&browser).await;
    browser.load("/settings/runtime").await;
    page.find("runtime-unchanged").await;
    fill(&browser, "runtime-sockets", "300").await;
    change_elsewhere(&browser, r#"{"max_sockets": 400, "keep_sources": false, "reason": "from elsewhere"}"#)
        .await;
    page.click("runtime-save").await;
    page.find("runtime-conflict").await;
    let rows = page
        .run("return [...document.querySelectorAll('[data-test=\"conflict-row\"]')].map((r) => [...r.cells].slice(1, 4).map((c) => c.textContent))")
        .await;
    assert_eq!(rows, serde_json::json!([["500", "400", "300"], ["yes", "no", ""]]));
    accessible(&browser, "settings conflict, light").await;
    page.click("runtime-save").await;
    page.until("document.querySelectorAll('[data-test=\"runtime-change\"]').length === 2").await;
    let now = page.run("return await (await fetch('/api/v1/settings/runtime')).json()").await;
    assert_eq!((&now["max_sockets"], &now["keep_sources"]), (&300.into(), &false.into()), "{now}");
}

#[tokio::test]
async fn live_sources_are_switched_on_and_say_where_they_stand() {
    let browser = Browser::start(NAME, PASSWORD, false).await;
    let page = &browser.page;
    log_in(&browser).await;
    browser.load("/settings/live").await;
    page.find("live-watch-folder").await;
    page.click("live-syslog-on").await;
    fill(&browser, "live-syslog-port", "0").await;
    page.type_into("live-reason", "a test").await;
    page.click("live-save").await;
    page.find("live-syslog-listens").await;
    accessible(&browser, "live sources, light").await;
    // An address of nobody (RFC 5737).
    fill(&browser, "live-syslog-address", "192.0.2.1").await;
    page.find("live-syslog-open").await;
    page.type_into("live-reason", "a test").await;
    page.click("live-save").await;
    page.find("live-syslog-trouble").await;
    accessible(&browser, "live sources in trouble, light").await;
    let now = page.run("return await (await fetch('/api/v1/settings/runtime')).json()").await;
    assert_eq!(
        (&now["syslog"]["enabled"], &now["live"]["syslog"]["state"]),
        (&true.into(), &"failed".into())
    );
    browser.load("/settings/runtime").await;
    page.until("document.querySelectorAll('[data-test=\"runtime-change\"]').length === 2").await;
}

#[tokio::test]
async fn the_audit_log_is_filtered_and_shows_what_changed() {
    let browser = Browser::start(NAME, PASSWORD, true).await;
    let page = &browser.page;
    log_in(&browser).await;
    for sockets in 1..=3 {
        change_elsewhere(&browser, &format!(r#"{{"max_sockets": {sockets}}}"#)).await;
    }
    browser.load("/settings/audit").await;
    page.find("audit-row").await;
    page.until("document.querySelector('[data-test=\"audit-chain\"] .ok-c')").await;
    page.type_into("audit-action", "settings.update").await;
    page.until("document.querySelectorAll('[data-test=\"audit-row\"]').length === 3").await;
    page.until("location.search.includes('action=settings.update')").await;
    page.open("audit-row").await;
    page.find("audit-detail").await;
    let changed = page
        .run("return [...document.querySelectorAll('.diff tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))")
        .await;
    assert_eq!(changed, serde_json::json!([["settings.max_sockets", "2", "3"]]));
    accessible(&browser, "audit row, dark").await;
    // The address is the state: a reload shows the same.
    page.client.refresh().await.unwrap();
    page.find("audit-detail").await;
    assert_eq!(page.count("audit-row").await, 3);
    page.type_into("audit-actor", "nobody").await;
    page.find("audit-empty").await;
    page.click("audit-clear").await;
    page.until("document.querySelectorAll('[data-test=\"audit-row\"]').length > 3").await;
}
