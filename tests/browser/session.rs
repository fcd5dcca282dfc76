//! Signing in under a throttle, and signing in again over a page that stays.

use super::{NAME, PASSWORD, accessible, log_in};
use crate::drive::Browser;

/// Ends the session of the page as an administrator elsewhere would: the page is not told.
async fn end_session(browser: &Browser) {
    let ended = browser
        .page
        .run(
            "const me = await fetch('/api/v1/users/me');
             const head = {'X-CSRF-Token': me.headers.get('X-CSRF-Token')};
             return (await fetch('/api/v1/auth/logout', {method: 'POST', headers: head})).status",
        )
        .await;
    assert_eq!(ended, 204);
}

#[tokio::test]
async fn too_many_attempts_count_down_and_then_the_right_password_works() {
    let browser = Browser::start(NAME, PASSWORD, false).await;
    let page = &browser.page;
    page.type_into("login-name", NAME).await;
    let enabled = "!document.querySelector('[data-test=\"login-submit\"]').disabled";
    for _ in 0..6 {
        page.until(enabled).await;
        page.type_into("login-password", "not the password\n").await;
        page.until(
            "document.querySelector('[data-test=\"login-error\"]').textContent
             || document.querySelector('[data-test=\"login-wait\"]')",
        )
        .await;
        if page.has("login-wait").await {
            break;
        }
    }
    page.find("login-wait").await;
    page.until(&format!("!({enabled})")).await;
    // The button comes back by itself when the time is over.
    page.until(enabled).await;
    page.type_into("login-password", &format!("{PASSWORD}\n")).await;
    page.find("workspace").await;
}

#[tokio::test]
async fn an_ended_session_asks_again_and_keeps_the_page() {
    let browser = Browser::start(NAME, PASSWORD, true).await;
    let page = &browser.page;
    log_in(&browser).await;
    browser.load("/settings/runtime").await;
    page.click("runtime-mode-monitor").await;
    page.type_into("runtime-reason", "written before the session ended").await;
    end_session(&browser).await;
    // The page finds out by itself: the server ends its live connection.
    page.until("document.querySelector('[data-test=\"again-dialog\"]').open").await;
    accessible(&browser, "sign in again, dark").await;
    page.type_into("login-password", &format!("{PASSWORD}\n")).await;
    page.until("!document.querySelector('[data-test=\"again-dialog\"]').open").await;
    let reason = page.run("return document.querySelector('[data-test=\"runtime-reason\"]').value").await;
    assert_eq!(reason, "written before the session ended");
    page.click("runtime-save").await;
    page.until("document.querySelector('[data-test=\"mode\"]').textContent.includes('monitor')").await;
    page.find("runtime-change").await;
}
