//! The desktop window: it starts the backend in this process, shows its page, and does what
//! only a native window can (menu, dialogs, dropped files, notifications, one instance).
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod args;
mod commands;
mod instance;
mod intake;
mod menu;
mod notice;
mod recent;
mod shell;
mod window;

use std::process::ExitCode;

use tauri::RunEvent;

fn main() -> ExitCode {
    let args = match args::parse(std::env::args_os().skip(1)) {
        Ok(args) => args,
        Err(args::Stop::Say(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(args::Stop::Refuse(text)) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    app::desktop::Desktop::harden();
    let dir = args.data_dir.clone().unwrap_or_else(app::desktop::Desktop::default_dir);
    let door = instance::door(&dir);
    if instance::hand_over(&door, &args.paths) {
        return ExitCode::SUCCESS;
    }
    window::before_gtk(args.safe_graphics);
    let built = tauri::Builder::default()
        .manage(shell::Shell::default())
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(window::REMEMBERED).build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .register_uri_scheme_protocol("aurora", |ctx, request| {
            notice::answer(ctx.app_handle(), request.uri().path())
        })
        .invoke_handler(tauri::generate_handler![
            commands::shell_info,
            commands::pick_files,
            commands::pick_folder,
            commands::workspace_new,
            commands::workspace_open,
            commands::workspace_open_recent,
            commands::workspace_backup,
            commands::workspace_restore,
            commands::answer_close,
        ])
        .on_window_event(window::on_event)
        .setup(move |tauri| {
            menu::install(tauri.handle())?;
            shell::start(tauri.handle(), dir, args.paths)?;
            instance::listen(tauri.handle(), door);
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(built) => {
            built.run(|handle, event| {
                if let RunEvent::Exit = event {
                    shell::close_all(handle);
                }
            });
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!(
                "The window could not be opened: {reason}. Is there a display (DISPLAY or WAYLAND_DISPLAY)?"
            );
            ExitCode::FAILURE
        }
    }
}
