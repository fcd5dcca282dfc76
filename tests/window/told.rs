//! What the operating system shows of new alerts.

use super::{get, signed_in};
use crate::drive::process::Home;
use crate::drive::store::Brake;
use crate::drive::told::Service;
use crate::drive::{Desktop, evidence};

#[tokio::test]
async fn an_import_is_told_once_with_its_count_and_as_plain_text() {
    let home = Home::new();
    let Some(folder) = evidence::some(home.path()) else { return };
    let mut service = Service::start(&home).await;
    let bus = service.address.clone();
    let app = Desktop::start_in(home, &[], &[("DBUS_SESSION_BUS_ADDRESS", &bus)]).await;
    signed_in(&app).await;
    // An alert whose title carries markup, made while an import runs: told together, and it is the worst of all.
    let brake = Brake::on(&app.workspace());
    app.drop_files(&[&folder]);
    app.page.find("import-cancel").await;
    let title = "<b>bold</b> & <img src=x>";
    let made = app.page.post("alerts", &serde_json::json!({ "title": title, "severity": "critical" })).await;
    assert!(made["alert_id"].is_string(), "{made}");
    drop(brake);
    let told = service.next().await;
    let bad = get(&app, "alerts?severity=high,critical").await["total"].as_u64().unwrap();
    assert!(bad > 1, "{bad}");
    assert_eq!(told.summary, format!("New high or critical alerts: {bad}"));
    assert_eq!(told.body, "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;img src=x&gt;");
    assert!(service.more().is_none(), "told twice");

    // The window is gone when the next import ends, and so is the program soon after: it still tells, without waiting
    // for the minute.
    let brake = Brake::on(&app.workspace());
    app.drop_files(&[&evidence::shared("evtx/parse").unwrap()]);
    app.page.find("import-cancel").await;
    let made = app.page.post("alerts", &serde_json::json!({ "title": "last", "severity": "critical" })).await;
    assert!(made["alert_id"].is_string(), "{made}");
    let pid = crate::drive::process::owner(&app.workspace());
    app.close_button();
    app.page.find("close-background").await;
    app.page.click_last("close-background").await;
    app.screen.gone("AuroraSOC Desktop");
    drop(brake);
    crate::drive::process::ended(pid).await;
    assert_eq!(service.next().await.body, "last");
}
