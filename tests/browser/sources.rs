//! The screen of sources: what is there, what is missing, and the removal of one.

use super::{ENTER, ESCAPE, NAME, PASSWORD, accessible, choose, log_in, press, speak};
use crate::drive::{Browser, evidence};

/// Windows events of a minute each, without some numbers.
fn holes() -> String {
    let line = |n: u32| {
        format!(
            "{{\"@timestamp\":\"2026-01-01T{:02}:{:02}:00Z\",\"Channel\":\"Security\",\"Computer\":\"DC1\",\"EventID\":4624,\
             \"EventRecordID\":{n},\"n\":{n}}}\n",
            n / 60,
            n % 60
        )
    };
    (0..240).filter(|n| !(20..30).contains(n)).map(line).collect()
}

async fn journey(dark: bool) {
    let Some(logs) = evidence::shared("evtx/parse") else { return };
    let look = if dark { "dark" } else { "light" };
    let browser = Browser::start(NAME, PASSWORD, dark).await;
    let page = &browser.page;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("holes.json");
    std::fs::write(&file, holes()).unwrap();
    log_in(&browser).await;
    page.click("nav-sources").await;
    page.find("sources-empty").await;
    accessible(&browser, &format!("no sources, {look}")).await;
    choose(&browser, "file-field", &[logs.join("security.evtx"), file.canonicalize().unwrap()]).await;
    page.find("tray-ended").await;
    page.click("tray-close").await;
    page.until("document.querySelectorAll('[data-test=\"source-row\"]').length === 2").await;
    accessible(&browser, &format!("sources, {look}")).await;

    // By keyboard: to the first one, beside the list, on to the next, back.
    page.type_into("sources-search", "holes").await;
    page.until("document.querySelectorAll('[data-test=\"source-row\"]').length === 1").await;
    press(&browser, ESCAPE).await;
    page.until("document.activeElement.id === 'sources-list'").await;
    press(&browser, "j").await;
    press(&browser, ENTER).await;
    page.find("source-gaps").await;
    page.until("document.activeElement.id === 'detail-pane'").await;
    let said = page.run("return document.querySelector('[data-test=\"gap\"]').innerText").await;
    let said = said.as_str().unwrap();
    assert!(
        said.contains("10 records of") && said.contains("20") && said.contains("29") && said.contains("DC1"),
        "{said}"
    );
    page.find("source-skipped-none").await;
    let hash =
        page.run("return document.querySelector('[data-test=\"source-hash\"]').innerText.length").await;
    assert_eq!(hash, 64);
    accessible(&browser, &format!("source, {look}")).await;
    moves_a_clock(&browser, look).await;
    speak(&browser, "ar").await;
    page.client.refresh().await.unwrap();
    page.until("document.documentElement.dir === 'rtl'").await;
    page.find("gap").await;
    accessible(&browser, &format!("source in Arabic, {look}")).await;
    speak(&browser, "en").await;
    browser.load("/sources").await;
    page.until("document.querySelectorAll('[data-test=\"source-row\"]').length === 2").await;

    // A case holds the log back; the other file goes.
    browser.load("/alerts").await;
    page.find("alert-row").await;
    page.open("alert-row").await;
    page.find("detail-title").await;
    page.click("do-promote").await;
    page.find("detail-case").await;
    browser.load("/sources?sort=-events").await;
    page.find("source-row").await;
    page.open("source-row").await;
    page.find("source-title").await;
    page.click("do-source-remove").await;
    page.find("remove-cases").await;
    page.until("document.querySelector('[data-test=\"source-remove-confirm\"]').disabled").await;
    accessible(&browser, &format!("a source that a case holds, {look}")).await;
    press(&browser, ESCAPE).await;
    page.until("!document.querySelector('[data-test=\"source-remove-dialog\"]').open").await;
    browser.load("/sources?q=holes").await;
    page.find("source-row").await;
    page.open("source-row").await;
    page.find("source-title").await;
    press(&browser, DELETE).await;
    page.until("document.querySelector('[data-test=\"remove-events\"]').textContent.includes('230')").await;
    accessible(&browser, &format!("remove a source, {look}")).await;
    page.click("source-remove-confirm").await;
    page.until("document.querySelectorAll('[data-test=\"source-row\"]').length === 0").await;
    page.until("!document.querySelector('[data-test=\"source-detail\"]')").await;
    let left = page.run("return (await (await fetch('/api/v1/siem/sources')).json()).total").await;
    assert_eq!(left, 1);
    page.find("tray-ended").await;
    accessible(&browser, &format!("a removal that ended, {look}")).await;
}

/// The clock of the open source's host was an hour behind, and then it was not.
async fn moves_a_clock(browser: &Browser, look: &str) {
    let page = &browser.page;
    let first = || async {
        let read =
            "(await (await fetch('/api/v1/siem/logs?sort=timestamp&limit=1&host=dc1')).json()).items[0]";
        page.run(&format!("return ({read}).timestamp")).await
    };
    page.click("host-clock").await;
    page.type_into("clock-hours", "1").await;
    page.until("document.querySelector('[data-test=\"clock-example\"]').textContent.includes('01:00:00')")
        .await;
    accessible(browser, &format!("a host's clock, {look}")).await;
    page.click("clock-save").await;
    page.find("host-offset").await;
    assert_eq!(first().await, "2026-01-01T01:00:00.000Z");
    accessible(browser, &format!("a source with a clock, {look}")).await;
    page.click("clock-back").await;
    page.until("!document.querySelector('[data-test=\"host-offset\"]')").await;
    assert_eq!(first().await, "2026-01-01T00:00:00.000Z");
}

/// The key, as a driver sends it.
const DELETE: &str = "\u{e017}";

#[tokio::test]
async fn a_source_is_looked_at_and_removed_in_the_light() {
    journey(false).await;
}

#[tokio::test]
async fn a_source_is_looked_at_and_removed_in_the_dark() {
    journey(true).await;
}
