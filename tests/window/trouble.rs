//! A workspace that can't be opened: the window says why, where the log is and what to do, and changes nothing.

use std::path::Path;

use sqlx::Connection as _;

use super::shows;
use crate::drive::disk::Disk;
use crate::drive::process::{self, Home};
use crate::drive::{Desktop, store};

#[tokio::test]
async fn a_workspace_that_cannot_be_opened_says_why_and_stays_as_it_is() {
    let home = Home::new();
    let workspace = home.path().join("workspace");
    make(&home, &workspace);
    let whole = home.path().join("whole");
    copy(&workspace, &whole);

    // Written by a newer program.
    let mut db = sqlx::SqliteConnection::connect(&format!("sqlite://{}/aurora.db", workspace.display()))
        .await
        .unwrap();
    sqlx::query("PRAGMA user_version = 9999").execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    let before = store::bytes(&workspace);
    let app = Desktop::start_in(home, &[], &[]).await;
    says(&app, &["newer than this program", "level 9999", "Open it with the newer version"]).await;
    assert_eq!(store::bytes(&workspace), before, "a newer store was changed");

    // No database at all, in a file that is long enough to be looked at.
    again(&whole, &workspace);
    std::fs::write(workspace.join("aurora.db"), "this is no database ".repeat(4096)).unwrap();
    let before = store::bytes(&workspace);
    app.page.follow("/do/retry").await;
    says(&app, &["damaged", "restore a backup"]).await;
    assert_eq!(store::bytes(&workspace), before, "a damaged store was changed");

    // In use by another account, where this machine has one that tests may use.
    again(&whole, &workspace);
    if rustix::process::geteuid().is_root() {
        let (mut server, _) = serve_as_nobody(&app.home, &workspace);
        let before = store::bytes(&workspace);
        app.page.follow("/do/retry").await;
        says(&app, &["open elsewhere", "of nobody", "close it first"]).await;
        assert_eq!(store::bytes(&workspace), before, "a store in use was changed");
        process::kill(server.0.id(), rustix::process::Signal::TERM);
        server.0.wait().unwrap();
    } else {
        println!("skipped: only root can start a process of another account");
    }

    // A full disk.
    again(&whole, &workspace);
    match Disk::at(&workspace, "8m") {
        Some(disk) => {
            copy(&whole, &workspace);
            let before = store::bytes(&workspace);
            app.page.follow("/do/retry").await;
            says(&app, &["disk is full", "16 MB", "Free some space"]).await;
            assert_eq!(store::bytes(&workspace), before, "a store on a full disk was changed");
            drop(disk);
        }
        None => println!("skipped: no small disk can be mounted here"),
    }

    // A configuration that can't be read: the workspace might be another one than is meant.
    again(&whole, &workspace);
    let config = app.home.path().join(".config/aurorasoc/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, "data_dri = '/elsewhere'\n").unwrap();
    app.page.follow("/do/retry").await;
    let why =
        "document.body.innerText.includes('data_dri') && document.body.innerText.includes('config.toml')";
    app.page.until(why).await;
    std::fs::remove_file(&config).unwrap();

    // Mended: the same window goes on.
    again(&whole, &workspace);
    app.page.follow("/do/retry").await;
    shows(&app, "workspace").await;
}

async fn says(app: &Desktop, words: &[&str]) {
    let all: Vec<_> =
        words.iter().map(|word| format!("document.body.innerText.includes('{word}')")).collect();
    app.page.until(&all.join(" && ")).await;
    let shown = app.page.until("document.body.innerText").await;
    let shown = shown.as_str().unwrap();
    let log = app.workspace().join("logs").display().to_string();
    assert!(shown.contains("Try again") && shown.contains(&log), "{shown}");
}

/// A workspace made by the command line.
fn make(home: &Home, workspace: &Path) {
    let mut add = home.command(process::built("aurorasoc"));
    add.args(["user", "add", "robot", "--role", "api_service", "--data-dir"]).arg(workspace);
    assert!(process::start(add).0.wait().unwrap().success());
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Puts the whole workspace where the broken one is.
fn again(whole: &Path, workspace: &Path) {
    let _ = std::fs::remove_dir_all(workspace);
    copy(whole, workspace);
}

/// A server of the account nobody on the workspace.
fn serve_as_nobody(home: &Home, workspace: &Path) -> (process::Running, String) {
    let mut open = home.command("chmod");
    open.args(["a+x"]).arg(home.path());
    process::start(open).0.wait().unwrap();
    let mut give = home.command("chown");
    give.args(["-R", "nobody"]).arg(workspace);
    process::start(give).0.wait().unwrap();
    // Where it was built may be closed to others.
    let program = home.path().join("aurorasoc");
    std::fs::copy(process::built("aurorasoc"), &program).unwrap();
    let mut serve = home.command("setpriv");
    serve.args(["--reuid", "nobody", "--clear-groups", "--"]).arg(program);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(workspace);
    serve.env("USER", "nobody").env("AURORASOC_KEYRING", "false").env_remove("XDG_RUNTIME_DIR");
    process::start_and_read(serve, "Listening on")
}
