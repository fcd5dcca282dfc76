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
use kernel::platform;
use std::process::ExitCode;
use tauri::{RunEvent, async_runtime};

fn main() -> ExitCode {
    let args = Args::read();
    Desktop::harden();
    let (dir, paths) = (args.dir().unwrap_or_else(Desktop::default_dir), args.paths());
    let door = platform::door(&dir);
    if platform::hand_over(&door, &paths) {
        return ExitCode::SUCCESS;
    }
    webkit::before_gtk(args.safe_graphics);
    // The workspace is opened while GTK starts.
    let desk = Desk::default();
    let opening = async_runtime::spawn(desk.clone().start(dir));
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
            shell::start(&handle, opening, paths)?;
            let taken = move |paths| shell::from_another_start(&handle, paths);
            if let Err(reason) = platform::take_over(&door, taken) {
                eprintln!("{}: a second start will not find this window: {reason}", door.display());
            }
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(built) => {
            built.run(move |_, event| {
                if let RunEvent::Exit = event {
                    async_runtime::block_on(desk.close());
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
