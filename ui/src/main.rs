//! The UI of AuroraSOC. Runs in the desktop window and in a browser; the server embeds what `ui/bundle` makes of it.

mod actions;
mod app;
mod clock;
mod components;
mod data;
mod focus;
mod i18n;
mod numbers;
mod pages;
mod place;
mod state;
mod text;

use leptos::prelude::*;

fn main() {
    // Before anything else: the start code must not stay in the address bar.
    let code = place::take_start_code();
    console_error_panic_hook::set_once();
    mount_to_body(move || {
        let app = state::App::install();
        actions::keys::install();
        leptos::task::spawn_local(async move {
            data::shell::start().await;
            data::session::start(code).await;
        });
        app::root(app)
    });
}
