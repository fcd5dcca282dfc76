//! Rules as an analyst uses them: import with a report, search, switch, write with marks, run over stored events.

use super::{NAME, PASSWORD, accessible, choose, log_in};
use crate::drive::{Browser, evidence};
use std::path::PathBuf;

/// A rule of ours, and one with a modifier that does not exist.
const GOOD: &str = "title: A shell of the tests
id: 5a3f0e3e-6a43-4c5b-9a6e-0d8a54f6f001
status: test
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\\\\example-of-the-tests.exe'
    condition: selection
level: low
";
const BAD: &str = "title: Wrong
id: 5a3f0e3e-6a43-4c5b-9a6e-0d8a54f6f002
logsource:
    product: windows
detection:
    selection:
        Image|endwith: x
    condition: selection
";

fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let all = [("good.yml", GOOD), ("bad.yml", BAD)];
    all.map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.canonicalize().unwrap()
    })
    .to_vec()
}

#[tokio::test]
async fn a_pack_is_imported_with_a_report_and_its_rules_are_switched() {
    let browser = Browser::start(NAME, PASSWORD, false).await;
    let page = &browser.page;
    let folder = tempfile::tempdir().unwrap();
    log_in(&browser).await;
    page.click("nav-detections").await;
    page.find("rule-row").await;
    accessible(&browser, "rules, light").await;
    page.click("head-rules-import").await;
    page.find("rules-import-dialog").await;
    choose(&browser, "rule-file-field", &files(folder.path())).await;
    page.until("document.querySelector('[data-test=\"rules-picked\"]').textContent.includes('2')").await;
    page.type_into("rules-pack-name", "of the tests").await;
    accessible(&browser, "import rules, light").await;
    page.click("rules-import-submit").await;
    page.find("report-not-loaded").await;
    let said = page.run("return document.querySelector('[data-test=\"pack-report\"]').innerText").await;
    let said = said.as_str().unwrap();
    assert!(said.contains("bad.yml") && said.contains("7:") && said.contains("endwith"), "{said}");
    accessible(&browser, "packs, light").await;
    page.click("tab-rules").await;
    page.type_into("rules-search", "shell of the tests").await;
    page.until("document.querySelectorAll('[data-test=\"rule-row\"]').length === 1").await;
    page.open("rule-row").await;
    page.find("rule-body").await;
    accessible(&browser, "rule, light").await;
    page.click("rule-tab-tune").await;
    page.find("suppressions-empty").await;
    page.type_into("suppression-condition", "User: svc_backup\nImage|endwith: x").await;
    page.type_into("suppression-reason", "the backup").await;
    page.click("suppression-add").await;
    page.until("document.querySelector('[data-test=\"suppression-error\"]').textContent.includes('endwith')")
        .await;
    page.run("document.querySelector('[data-test=\"suppression-condition\"]').value = 'User: svc_backup'")
        .await;
    page.click("suppression-add").await;
    page.find("suppression").await;
    page.run("const field = document.querySelector('[data-test=\"tune-level\"]'); field.value = 'critical'; field.dispatchEvent(new Event('change'))").await;
    accessible(&browser, "tuning, light").await;
    page.click("tune-save").await;
    page.until("document.querySelector('[data-test=\"tune-save\"]').disabled").await;
    page.until(
        "document.querySelector('[data-test=\"rule-detail\"] .sev')?.textContent.includes('Critical')",
    )
    .await;
    page.click("do-rule-disable").await;
    page.find("do-rule-enable").await;
    page.click("rule-tab-history").await;
    page.until("document.querySelectorAll('[data-test=\"rule-change\"]').length >= 2").await;
    page.click("detail-close").await;
    page.click("filter-clear").await;
    page.until("document.querySelectorAll('[data-test=\"rule-row\"]').length > 10").await;
    page.click("select-all").await;
    page.click("bulk-rule-disable").await;
    page.until(
        "[...document.querySelectorAll('[data-test=\"rule-row\"]')].every((r) => r.classList.contains('done'))",
    )
    .await;
}

#[tokio::test]
async fn a_rule_is_written_with_marks_saved_and_run() {
    let Some(logs) = evidence::shared("evtx/parse") else { return };
    let browser = Browser::start(NAME, PASSWORD, true).await;
    let page = &browser.page;
    log_in(&browser).await;
    page.find("first-start").await;
    choose(&browser, "file-field", &[logs.join("sysmon.evtx")]).await;
    page.find("tray-ended").await;
    page.click("tray-close").await;
    browser.load("/detections/rules?new=1").await;
    page.find("editor-text").await;
    page.run(&write(BAD)).await;
    page.find("check-problem").await;
    page.until("document.querySelector('.ed-back .ln.bad').dataset.n === '7'").await;
    accessible(&browser, "rule with an error, dark").await;
    page.run(&write(&GOOD.replace("example-of-the-tests.exe", ".exe").replace("\\\\", ""))).await;
    page.find("check-ok").await;
    page.click("editor-save").await;
    page.find("rule-detail").await;
    page.click("do-rule-run").await;
    page.find("run-dialog").await;
    accessible(&browser, "run, dark").await;
    page.click("run-submit").await;
    page.click("rule-tab-runs").await;
    page.find("run-row").await;
    page.until("document.querySelector('[data-test=\"run-row\"]').textContent.includes('Done')").await;
    page.open("run-row").await;
    page.find("run-alerts").await;
    accessible(&browser, "runs, dark").await;
    page.click("run-alerts").await;
    page.open("alert-row").await;
    page.find("detail-run").await;
    page.click("why-tree").await;
    page.find("why-tree-nodes").await;
    accessible(&browser, "why, and why not, dark").await;
}

/// Types a whole text into the editor, as a person would.
fn write(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(
        "const area = document.querySelector('[data-test=\"editor-text\"]'); area.focus(); area.select();
         document.execCommand('insertText', false, {text}); return area.value.length"
    )
}

const WAITS: &str = "title: Admins of the tests
id: 5a3f0e3e-6a43-4c5b-9a6e-0d8a54f6f003
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        User|expand: '%Admins%'
    condition: selection
";

async fn pipelines(dark: bool) {
    let look = if dark { "dark" } else { "light" };
    let browser = Browser::start(NAME, PASSWORD, dark).await;
    let page = &browser.page;
    log_in(&browser).await;
    page.find("workspace").await;
    browser.load("/detections/rules?new=1").await;
    page.find("editor-text").await;
    page.run(&write(WAITS)).await;
    page.click("editor-save").await;
    page.find("rule-detail").await;
    page.click("tab-packs").await;
    page.find("pipelines-empty").await;
    accessible(&browser, &format!("no pipelines, {look}")).await;
    page.click("pipeline-first").await;
    page.find("editor-text").await;
    page.find("check-pipeline").await;
    page.run(&write("name: our values\nvars:\n    Admins:\n        a: b\n")).await;
    page.find("check-problem").await;
    page.until("document.querySelector('.ed-back .ln.bad')").await;
    accessible(&browser, &format!("pipeline with an error, {look}")).await;
    page.run(&write("name: our values\npriority: 50\nvars:\n    Admins: ['*SYSTEM*']\n")).await;
    page.find("check-ok").await;
    page.click("editor-save").await;
    page.find("pipeline-row").await;
    page.until("document.querySelector('[data-test=\"pipeline-rules\"]').textContent === '1'").await;
    page.until("!document.querySelector('[data-test=\"toast\"]')").await;
    accessible(&browser, &format!("pipelines, {look}")).await;
    page.click("pipeline-switch").await;
    page.until("document.querySelector('[data-test=\"pipeline-rules\"]').textContent === '–'").await;
    page.click("pipeline-open").await;
    page.until("document.querySelector('[data-test=\"editor-text\"]').value.includes('SYSTEM')").await;
    page.click("editor-discard").await;
    page.click("pipeline-delete").await;
    page.find("pipeline-delete-dialog").await;
    accessible(&browser, &format!("delete a pipeline, {look}")).await;
    page.click("pipeline-delete-confirm").await;
    page.find("pipelines-empty").await;
}

#[tokio::test]
async fn a_pipeline_is_written_applied_and_deleted_in_the_light() {
    pipelines(false).await;
}

#[tokio::test]
async fn a_pipeline_is_written_applied_and_deleted_in_the_dark() {
    pipelines(true).await;
}
