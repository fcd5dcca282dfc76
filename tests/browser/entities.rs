//! A name is merged where it is seen, listed with who and why, and taken back.

use super::{ENTER, NAME, PASSWORD, accessible, log_in, press, speak};
use crate::drive::Browser;

/// Alerts about one host under two names, made as another client would.
async fn two_names(browser: &Browser) {
    let done = browser
        .page
        .run(
            "const me = await fetch('/api/v1/users/me');
             const head = {'X-CSRF-Token': me.headers.get('X-CSRF-Token'), 'Content-Type': 'application/json'};
             const entities = (host) => [{type: 'host', value: host},
                {type: 'user', value: 'CORP\\\\bob', sid: 'S-1-5-21-1-2-3-1104'}];
             for (const host of ['PC1', 'DESK7']) {
                const body = JSON.stringify({title: `On ${host}`, severity: 'high', entities: entities(host)});
                const made = await fetch('/api/v1/alerts', {method: 'POST', headers: head, body});
                if (made.status !== 201) return made.status;
             }
             return 201",
        )
        .await;
    assert_eq!(done, 201);
}

/// How many alerts a filter leaves, as the server says.
async fn found(browser: &Browser, entity: &str) -> u64 {
    let total = format!("return (await (await fetch('/api/v1/alerts?entity={entity}')).json()).total");
    browser.page.run(&total).await.as_u64().unwrap()
}

async fn journey(dark: bool) {
    let look = if dark { "dark" } else { "light" };
    let browser = Browser::start(NAME, PASSWORD, dark).await;
    let page = &browser.page;
    log_in(&browser).await;
    two_names(&browser).await;
    browser.load("/alerts").await;
    page.until("document.querySelectorAll('[data-test=\"alert-row\"]').length === 2").await;
    page.type_into("search", "pc1").await;
    page.until("document.querySelectorAll('[data-test=\"alert-row\"]').length === 1").await;
    page.open("alert-row").await;
    page.find("entity-sid").await;
    assert_eq!(page.count("entity-same").await, 2, "of the host and of the user");
    accessible(&browser, &format!("entities of an alert, {look}")).await;

    // By keyboard alone from the button on.
    page.run("document.querySelector('[data-test=\"entity-same\"]').focus(); return 0").await;
    press(&browser, ENTER).await;
    page.find("same-other").await;
    page.until("document.querySelector('[data-test=\"same-save\"]').disabled").await;
    accessible(&browser, &format!("other names, {look}")).await;
    page.type_into("same-other", "PC1").await;
    page.type_into("same-why", "renamed in May").await;
    page.click("same-save").await;
    page.find("same-wrong").await;
    page.type_into("same-other", "-old\u{e007}").await;
    page.until("!document.querySelector('[data-test=\"same-dialog\"]').open").await;
    page.click("entity-same").await;
    page.type_into("same-other", "desk7\u{e007}").await;
    page.until("!document.querySelector('[data-test=\"same-dialog\"]').open").await;
    assert_eq!(found(&browser, "desk7").await, 2);

    speak(&browser, "ar").await;
    browser.load("/settings/entities").await;
    page.until("document.querySelectorAll('[data-test=\"merge-row\"]').length === 2").await;
    accessible(&browser, &format!("merged names in Arabic, {look}")).await;
    speak(&browser, "en").await;
    browser.load("/settings/entities").await;
    page.find("merge-row").await;
    accessible(&browser, &format!("merged names, {look}")).await;
    let rows = page
        .run("return [...document.querySelectorAll('[data-test=\"merge-row\"]')].map((r) => [...r.cells].slice(0, 5).map((c) => c.textContent))")
        .await;
    let why = |name: &str, why: &str| serde_json::json!(["Host", name, "PC1", why, NAME]);
    assert_eq!(rows, serde_json::json!([why("desk7", ""), why("PC1-old", "renamed in May")]));
    page.click("merge-back").await;
    page.until("document.querySelectorAll('[data-test=\"merge-row\"]').length === 1").await;
    assert_eq!(found(&browser, "desk7").await, 1);
    page.click("merge-back").await;
    page.find("merges-empty").await;
    accessible(&browser, &format!("no merged names, {look}")).await;
}

#[tokio::test]
async fn names_are_merged_and_taken_back_in_the_light() {
    journey(false).await;
}

#[tokio::test]
async fn names_are_merged_and_taken_back_in_the_dark() {
    journey(true).await;
}
