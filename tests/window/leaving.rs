//! Leaving a workspace while an import runs: it goes on behind, or pauses and goes on later, and nothing is lost.

use std::path::Path;
use std::process::Stdio;

use tokio::sync::OnceCell;

use super::{by_palette, events, jobs_done, shows, signed_in};
use crate::drive::process::{self, Home};
use crate::drive::store::{self, Brake};
use crate::drive::{Desktop, evidence};

/// Drops the folder on the window and waits until the import runs; it does as long as the brake holds.
async fn busy(app: &Desktop, workspace: &Path, folder: &Path) -> Brake {
    let brake = Brake::on(workspace);
    app.drop_files(&[folder]);
    app.page.find("import-cancel").await;
    brake
}

/// Answers the page's question.
async fn answers(app: &Desktop, choice: &str) {
    app.page.until("document.querySelector('dialog[data-test=\"close-dialog\"][open]')").await;
    app.page.click_last(choice).await;
    if choice == "close-cancel" {
        // Gone once the window has the answer.
        app.page.until("!document.querySelector('dialog[data-test=\"close-dialog\"][open]')").await;
    }
}

async fn switches_to(app: &Desktop, folder: &Path) {
    app.press(&["ctrl+o"]);
    app.choose("Choose the folder of a workspace", folder);
}

/// How many events an import of these recordings stores that nothing interrupts.
async fn whole(folder: &Path) -> u64 {
    static WHOLE: OnceCell<u64> = OnceCell::const_new();
    let import = async {
        let home = Home::new();
        let into = home.path().join("workspace");
        let mut import = home.command(process::built("aurorasoc"));
        import.arg("import").arg(folder).arg("--data-dir").arg(&into).stdout(Stdio::null());
        process::start(import).0.wait().unwrap();
        store::outcome(&into).await.2
    };
    *WHOLE.get_or_init(|| import).await
}

#[tokio::test]
async fn a_window_closed_during_an_import_pauses_it_and_the_next_start_ends_it() {
    let home = Home::new();
    let Some(folder) = evidence::some(home.path()) else { return };
    let whole = whole(&folder).await;
    let app = Desktop::start_in(home, &[], &[]).await;
    signed_in(&app).await;
    let workspace = app.workspace();
    let brake = busy(&app, &workspace, &folder).await;
    app.close_button();
    answers(&app, "close-cancel").await;
    app.page.find("import-cancel").await;
    app.close_button();
    let pid = process::owner(&workspace);
    answers(&app, "close-pause").await;
    drop(brake);
    process::ended(pid).await;
    store::closed_cleanly(&workspace).await;
    let (status, _, part) = store::outcome(&workspace).await;
    assert_eq!(status, "paused");
    assert!(part < whole, "nothing was left to do");

    let again = app.restart(&[]).await;
    shows(&again, "workspace").await;
    jobs_done(&again, 1).await;
    assert_eq!(events(&again).await, whole);
    // A signal during work drains as well.
    let brake = busy(&again, &workspace, &evidence::shared("evtx/parse").unwrap()).await;
    let pid = process::owner(&workspace);
    process::kill(pid, rustix::process::Signal::TERM);
    drop(brake);
    process::ended(pid).await;
    store::closed_cleanly(&workspace).await;
    assert_eq!(store::outcome(&workspace).await.0, "paused");
}

#[tokio::test]
async fn a_workspace_left_during_an_import_goes_on_behind_or_pauses_as_chosen() {
    let home = Home::new();
    let Some(folder) = evidence::some(home.path()) else { return };
    let whole = whole(&folder).await;
    let app = Desktop::start_in(home, &[], &[]).await;
    signed_in(&app).await;
    let (first, second) = (app.workspace(), app.home.path().join("beta"));
    std::fs::create_dir(&second).unwrap();
    let brake = busy(&app, &first, &folder).await;
    by_palette(&app, "New workspace").await;
    app.choose("Choose or make an empty folder", &second);
    answers(&app, "close-background").await;
    shows(&app, "beta").await;
    drop(brake);
    store::until_closed(&first).await;
    assert_eq!(store::outcome(&first).await, ("done".into(), whole, whole));

    let brake = busy(&app, &second, &folder).await;
    switches_to(&app, &first).await;
    answers(&app, "close-pause").await;
    drop(brake);
    shows(&app, "workspace").await;
    store::until_closed(&second).await;
    assert_eq!(store::outcome(&second).await.0, "paused");

    // Taken up at the open; the window goes, the import goes on, the program ends by itself.
    let brake = Brake::on(&second);
    switches_to(&app, &second).await;
    shows(&app, "beta").await;
    app.page.find("import-cancel").await;
    app.close_button();
    let pid = process::owner(&second);
    answers(&app, "close-background").await;
    app.screen.gone("AuroraSOC Desktop");
    assert_eq!(process::owner(&second), pid, "it ended before its import");
    drop(brake);
    process::ended(pid).await;
    store::closed_cleanly(&second).await;
    assert_eq!(store::outcome(&second).await, ("done".into(), whole, whole));
}
