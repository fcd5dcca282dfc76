//! The desktop window: it starts the backend in this process, shows its page, and does what only a native window can
//! (menu, dialogs, dropped files, notifications, one instance).
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod dialogs;
mod menu;
mod shell;
mod webkit;
mod window;

use app::desktop::{Args, Desk, Desktop};
use kernel::platform::{self, Start};
use std::process::ExitCode;
use tauri::{RunEvent, async_runtime};
use tokio::sync::mpsc;

fn main() -> ExitCode {
    let args = Args::read();
    Desktop::harden();
    let asked = Start { dir: args.dir(), paths: args.paths() };
    // Before anything takes time: of two starts at one moment one becomes the window, and has what the other was asked
    // for wait until it stands.
    let (tell, later) = mpsc::unbounded_channel();
    let door = match platform::enter(&asked, move |start| drop(tell.send(start))) {
        Ok(Some(door)) => Some(door),
        Ok(None) => return ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("a later start will not find this window: {reason}");
            None
        }
    };
    webkit::before_gtk(args.safe_graphics);
    // The workspace is opened while GTK starts.
    let desk = Desk::default();
    let opening = async_runtime::spawn(desk.clone().start(asked.dir));
    let built = tauri::Builder::default()
        .manage(desk.clone())
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(window::REMEMBERED).build())
        .plugin(tauri_plugin_dialog::init())
        .register_uri_scheme_protocol("aurora", |ctx, request| {
            window::own_page(ctx.app_handle(), request.uri().path())
        })
        .invoke_handler(tauri::generate_handler![
            commands::shell_info,
            commands::act,
            commands::workspace_open_recent,
            commands::close_heard,
            commands::answer_close,
        ])
        .on_window_event(window::on_event)
        .setup(move |tauri| {
            let handle = tauri.handle().clone();
            menu::install(&handle)?;
            shell::start(&handle, opening, asked.paths, later)?;
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(built) => {
            built.run(move |_, event| {
                if let RunEvent::Exit = event {
                    // A start from now on opens a window of its own, as soon as this process is gone.
                    if let Some(door) = &door {
                        door.close();
                    }
                    async_runtime::block_on(async { shell::last_words(desk.close().await).await });
                }
            });
            ExitCode::SUCCESS
        }
        Err(reason) => {
            let todo = "Is there a display (DISPLAY or WAYLAND_DISPLAY)?";
            eprintln!("The window could not be opened: {reason}. {todo}");
            async_runtime::block_on(desk.close());
            ExitCode::FAILURE
        }
    }
}
