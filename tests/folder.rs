//! The folder of a workspace: which one is taken, what damage in it says, what is left in it and beside it.

#![allow(clippy::disallowed_methods, reason = "tests start the product")]

use crate::drive::{process, store};
use crate::served::{Server, add_user, aurorasoc, shared};
use crate::workspace::open;
use app::desktop::Desktop;
use std::{
    ffi::OsStr,
    fs::{self, OpenOptions, Permissions},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{FileExt as _, PermissionsExt as _},
    },
    path::Path,
    process::{Child, Stdio},
};
use tempfile::TempDir;

fn home() -> TempDir {
    tempfile::Builder::new().prefix("aurora-folder-").tempdir().unwrap()
}

/// Exit code, standard output and error of a command on a folder.
fn run(home: &Path, words: &[&OsStr], dir: &Path) -> (i32, String) {
    let out = aurorasoc(home).args(words).arg("--data-dir").arg(dir).stdin(Stdio::null()).output().unwrap();
    let said = [out.stdout, out.stderr].concat();
    (out.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
}

fn words(line: &str) -> Vec<&OsStr> {
    line.split(' ').map(OsStr::new).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let all = fs::read_dir(dir).unwrap().flatten();
    let mut all: Vec<_> = all.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    all.sort();
    all
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_mistyped_folder_is_not_made_and_one_of_other_files_not_taken() {
    let home = home();
    let typo = home.path().join("typo");
    for command in ["doctor", "rules list"] {
        let (code, said) = run(home.path(), &words(command), &typo);
        assert_eq!((code, typo.exists()), (2, false), "{command}: {said}");
        assert!(said.contains("there is no workspace in") && said.contains("typo"), "{said}");
    }
    let docs = home.path().join("docs");
    fs::create_dir(&docs).unwrap();
    fs::write(docs.join("letter.txt"), "dear").unwrap();
    fs::set_permissions(&docs, Permissions::from_mode(0o755)).unwrap();
    for command in ["doctor", "rules list", "import /etc/hostname", "serve --listen 127.0.0.1:0"] {
        let (code, said) = run(home.path(), &words(command), &docs);
        assert_eq!((code, mode(&docs)), (2, 0o755), "{command}: {said}");
        assert!(said.contains("holds other files"), "{command}: {said}");
        assert_eq!(names(&docs), ["letter.txt"], "{command}");
    }
    // Empty, absent, and one whose making broke off, become one.
    for (name, inside) in [("empty", None), ("absent", None), ("begun", Some(["lock", "logs.db"]))] {
        let ws = home.path().join(name).join("ws");
        if name != "absent" {
            fs::create_dir_all(&ws).unwrap();
        }
        for file in inside.into_iter().flatten() {
            fs::write(ws.join(file), "").unwrap();
        }
        add_user(&home.path().join(name), "ann", "admin");
        assert!(ws.join("aurora.db").is_file() && mode(&ws) == 0o700, "{name}");
        assert!(!ws.join("token.key").exists(), "a short command made a key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_takes_no_folder_of_other_files() {
    let home = home();
    fs::write(home.path().join("letter.txt"), "dear").unwrap();
    open(&home.path().join("ws")).await.close().await;
    let refused = Desktop::open(home.path().to_owned()).await.err().unwrap();
    assert!(refused.title.contains("other files"), "{refused}");
    assert_eq!(names(home.path()), ["letter.txt", "ws"]);
}

/// Writes over pages of a database, counted from 1.
fn tear(file: &Path, size: u64, pages: std::ops::RangeInclusive<u64>) {
    let db = OpenOptions::new().write(true).open(file).unwrap();
    for page in pages {
        let noise: Vec<u8> = (0..size).map(|n| (n * 31 + page * 7 + 1) as u8).collect();
        db.write_all_at(&noise, (page - 1) * size).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn torn_pages_are_named_and_hide_nothing_else() {
    let Some(shared) = shared() else { return };
    let home = home();
    let ws = home.path().join("ws");
    let file = shared.join("data/evtx/parse/sysmon.evtx");
    assert!(run(home.path(), &[OsStr::new("import"), file.as_os_str()], &ws).1.contains("new events"));
    let whole = home.path().join("whole");
    copy(&ws, &whole);

    tear(&ws.join("aurora.db"), 4096, 5..=7);
    let before = store::bytes(&ws);
    let (code, said) = run(home.path(), &words("doctor"), &ws);
    assert!(code == 1 && said.contains("FAULT  aurora.db: ") && said.contains("ok     logs.db"), "{said}");
    assert!(!said.contains("5000") && said.lines().count() < 20, "{said}");
    assert_eq!(store::bytes(&ws), before, "doctor only reads");

    // Wherever the tear is, the window opens or says that it is one.
    for page in 2..=24 {
        fs::remove_dir_all(&ws).unwrap();
        copy(&whole, &ws);
        tear(&ws.join("aurora.db"), 4096, page..=page);
        match Desktop::open(ws.clone()).await {
            Ok(desktop) => drop(desktop.close().await),
            Err(said) => assert!(said.title.contains("damaged"), "page {page}: {said}"),
        }
        assert_eq!(kernel::platform::Lock::owner(&ws), None, "page {page}");
    }

    fs::remove_dir_all(&ws).unwrap();
    copy(&whole, &ws);
    tear(&ws.join("logs.db"), 16384, 2..=4);
    let (code, said) = run(home.path(), &words("doctor"), &ws);
    assert!(code == 1 && said.contains("ok     aurora.db") && said.contains("ok     audit log"), "{said}");
    assert!(said.contains("FAULT  logs.db: "), "{said}");
    let server = tokio::task::spawn_blocking(move || {
        add_user(home.path(), "root", "admin");
        let server = Server::on(home);
        let token = server.token("root");
        let said = |path: &str| server.call("GET", path).bearer(&token).send().text();
        (said("/api/v1/system/mode"), said("/api/v1/siem/logs?limit=5"))
    });
    let (info, logs) = server.await.unwrap();
    assert!(info.contains("logs.db is damaged"), "{info}");
    assert!(logs.contains("AURORA-5030") && logs.contains("logs.db is damaged"), "{logs}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_no_text_is_imported_here_and_by_the_owner() {
    let Some(shared) = shared() else { return };
    let home = home();
    let odd = home.path().join(OsStr::from_bytes(b"evidence\xff"));
    fs::create_dir(&odd).unwrap();
    let file = odd.join(OsStr::from_bytes(b"sys\xfetem.evtx"));
    fs::copy(shared.join("data/evtx/parse/system.evtx"), &file).unwrap();
    for (ws, named) in [("one", &file), ("two", &odd)] {
        let (code, said) =
            run(home.path(), &[OsStr::new("import"), named.as_os_str()], &home.path().join(ws));
        assert!(code == 0 && said.contains("done: 1 files"), "{said}");
    }
    let dir = home.path().join("three");
    let desktop = open(&dir).await;
    let (at, named) = (home.path().to_owned(), file.clone());
    let asked =
        tokio::task::spawn_blocking(move || run(&at, &[OsStr::new("import"), named.as_os_str()], &dir));
    let (code, said) = asked.await.unwrap();
    assert!(code == 0 && said.contains("it does the work") && said.contains("done: 1 files"), "{said}");
    desktop.import(vec![odd]).await.unwrap();
    desktop.close().await;
    let (code, said) = run(home.path(), &words("doctor"), Path::new(OsStr::from_bytes(b"/tmp/\xff")));
    assert!(code == 2 && said.contains("must be UTF-8"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_and_a_restore_that_fail_leave_nothing_and_take_nothing() {
    let home = home();
    let ws = home.path().join("ws");
    let desktop = open(&ws).await;
    let beside = home.path().join("case.partial");
    fs::write(&beside, "mine").unwrap();
    let backup = home.path().join("case.aurora-backup");
    desktop.backup(backup.clone()).await.unwrap();
    assert!(desktop.backup(home.path().join("absent/case")).await.is_err());
    fs::create_dir(home.path().join("folder")).unwrap();
    assert!(desktop.backup(home.path().join("folder")).await.is_err());
    desktop.close().await;
    assert_eq!(fs::read(&beside).unwrap(), b"mine");
    assert_eq!(names(home.path()), ["case.aurora-backup", "case.partial", "folder", "ws"]);
    assert!(!names(&ws).iter().any(|name| name.contains("backup")), "{:?}", names(&ws));

    // Damaged in the middle: neither a folder that was there nor one that was not is other than before.
    let torn = home.path().join("torn");
    fs::copy(&backup, &torn).unwrap();
    let middle = fs::metadata(&torn).unwrap().len() / 2;
    OpenOptions::new().write(true).open(&torn).unwrap().write_all_at(&[0x5a; 64], middle).unwrap();
    let (empty, absent) = (home.path().join("folder"), home.path().join("absent"));
    fs::set_permissions(&empty, Permissions::from_mode(0o755)).unwrap();
    for (from, into) in [(&torn, &empty), (&torn, &absent), (&beside, &empty), (&backup, &ws)] {
        assert!(Desktop::restore(from.clone(), into.clone()).await.is_err(), "{}", into.display());
        assert!(names(&empty).is_empty() && mode(&empty) == 0o755 && !absent.exists());
    }
    Desktop::restore(backup, absent.clone()).await.unwrap();
    open(&absent).await.close().await;
}

#[test]
fn a_workspace_may_lie_deep_and_among_what_is_imported() {
    let home = home();
    let deep = home.path().join("a-folder-with-quite-a-long-name/".repeat(5)).join("case");
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("notes.json"), "{\"a\": 1}\n").unwrap();
    add_user(&deep, "ann", "admin");
    let ws = deep.join("ws");
    let (_, said) = run(home.path(), &[OsStr::new("import"), deep.as_os_str()], &ws);
    assert!(said.contains("own files are not imported") && said.contains(": 1 files"), "{said}");
    assert!(!said.contains("aurora.db:"), "{said}");
}

/// An import that a brake holds, seen running.
fn held(home: &Path, ws: &Path, evidence: &Path) -> Child {
    let mut import = aurorasoc(home);
    import.arg("import").arg(evidence).arg("--data-dir").arg(ws).stdout(Stdio::null()).stderr(Stdio::piped());
    let import = import.spawn().unwrap();
    while !store::is_open(ws) || !store::runs(ws) {
        crate::drive::watch::pause();
    }
    import
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_asked_to_end_pauses_and_a_server_drains_when_its_terminal_goes() {
    let Some(shared) = shared() else { return };
    let home = home();
    let ws = home.path().join("ws");
    add_user(home.path(), "root", "admin");
    let evidence = shared.join("data/evtx/parse");
    // 128 and the number of the signal, as shells have it.
    for (signal, code) in [(rustix::process::Signal::TERM, 143), (rustix::process::Signal::INT, 130)] {
        let brake = store::Brake::on(&ws);
        let import = held(home.path(), &ws, &evidence);
        process::kill(import.id(), signal);
        drop(brake);
        let ended = import.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{said}");
        assert!(said.contains("it goes on at the next open"), "{said}");
        store::closed_cleanly(&ws).await;
    }
    let server = Server::on(home);
    assert_eq!(server.settle(&server.token("root"))["status"], "done");
    let home = server.end_by(rustix::process::Signal::HUP);
    store::closed_cleanly(&home.path().join("ws")).await;
}

#[test]
fn a_server_under_nohup_outlives_its_terminal() {
    let home = home();
    let mut serve = std::process::Command::new("nohup");
    serve.arg(crate::served::binary()).args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    serve.arg(home.path().join("ws")).env("HOME", home.path()).env("AURORASOC_KEYRING", "false");
    serve.stdin(Stdio::null()).stderr(Stdio::null());
    let (mut server, address) = process::start_and_read(serve, "Listening on http://");
    process::kill(server.0.id(), rustix::process::Signal::HUP);
    // What is answered after the signal was answered by a server that did not end.
    let answer = crate::served::Call::new(&address, "GET", "/health").send();
    assert!(answer.status == 200 && server.0.try_wait().unwrap().is_none());
    process::kill(server.0.id(), rustix::process::Signal::TERM);
    assert!(server.0.wait().unwrap().success());
}
