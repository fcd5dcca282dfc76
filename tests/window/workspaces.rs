//! Workspaces: made, opened, switched, closed, backed up, and restored on another machine.

use super::{by_palette, events, imported, one_file, shows, signed_in};
use crate::drive::process::Home;
use crate::drive::{Desktop, store};

#[tokio::test]
async fn workspaces_are_made_opened_switched_closed_and_move_to_another_machine() {
    let app = Desktop::start(&[]).await;
    signed_in(&app).await;
    let alpha = app.home.path().join("alpha");
    std::fs::create_dir(&alpha).unwrap();
    app.page.click("workspace-menu").await;
    app.page.click("workspace-new").await;
    app.choose("Choose or make an empty folder", &alpha);
    shows(&app, "alpha").await;
    assert!(alpha.join("aurora.db").is_file());
    app.screen.window("alpha");

    // What is imported goes into this one alone.
    let stored = match one_file() {
        Some(file) => {
            app.drop_files(&[&file]);
            imported(&app).await;
            events(&app).await
        }
        None => 0,
    };
    let backup = app.home.path().join("alpha.aurora-backup");
    by_palette(&app, "Back up").await;
    app.choose("Name the file of the backup", &backup);
    store::until_changed(app.home.path(), "the backup", || backup.is_file().then_some(())).await;

    // By its folder: one that holds none is refused in words, one that does is shown.
    app.press(&["ctrl+o"]);
    app.choose("Choose the folder of a workspace", &app.home.path().join("run"));
    let said = app.screen.window("No workspace was opened");
    app.screen.press(&app.home, said, &["Return"]);
    app.screen.gone("No workspace was opened");
    app.press(&["ctrl+o"]);
    app.choose("Choose the folder of a workspace", &app.workspace());
    shows(&app, "workspace").await;
    assert_eq!(events(&app).await, 0, "two workspaces were mixed");

    // By the list of those opened last, and from none.
    app.page.click("workspace-menu").await;
    app.page.click("workspace-recent").await;
    shows(&app, "alpha").await;
    app.press(&["ctrl+w"]);
    app.page.until("document.body.innerText.includes('The workspace is closed')").await;
    assert!(!store::is_open(&alpha), "it is still open");
    app.page.follow("/do/recent-0").await;
    shows(&app, "alpha").await;
    assert_eq!(events(&app).await, stored);
    app.close().await;

    // Another machine: another home, with nothing of the first.
    let other = Home::new();
    let carried = other.path().join("carried");
    std::fs::copy(&backup, &carried).unwrap();
    let restored = other.path().join("restored");
    std::fs::create_dir(&restored).unwrap();
    drop(app);
    let other = Desktop::start_in(other, &[], &[]).await;
    signed_in(&other).await;
    by_palette(&other, "Restore").await;
    other.choose("Choose the backup", &carried);
    other.choose("for the restored workspace", &restored);
    shows(&other, "restored").await;
    assert_eq!(events(&other).await, stored);
}
