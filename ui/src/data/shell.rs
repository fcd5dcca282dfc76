//! The desktop window around the page, where there is one: asked once, spoken to by its few commands.

use super::jobs;
use crate::{
    actions,
    components::toast,
    i18n::{k, t},
    state::app,
};
use js_sys::{Function, Object, Promise, Reflect};
use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

/// A workspace folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Workspace {
    /// For people.
    pub name: String,
    /// Folder.
    pub path: String,
}

/// Answer of `shell_info`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ShellInfo {
    /// True.
    pub desktop: bool,
    /// The open one.
    pub workspace: Workspace,
    /// The last ones.
    #[serde(default)]
    pub recent: Vec<Workspace>,
}

fn internals() -> Option<Object> {
    Reflect::get(&window(), &"__TAURI_INTERNALS__".into()).ok()?.dyn_into().ok()
}

fn to_js(value: &Value) -> JsValue {
    js_sys::JSON::parse(&value.to_string()).unwrap_or(JsValue::NULL)
}

fn from_js(value: &JsValue) -> Value {
    let text = js_sys::JSON::stringify(value).ok().and_then(|s| s.as_string());
    text.and_then(|s| serde_json::from_str(&s).ok()).unwrap_or_default()
}

/// Whether the page is in the desktop window.
pub fn is_there() -> bool {
    internals().is_some()
}

/// Runs a command; None where there is no shell.
async fn invoke(command: &str, args: JsValue) -> Option<Result<Value, Value>> {
    let internals = internals()?;
    let function: Function = Reflect::get(&internals, &"invoke".into()).ok()?.dyn_into().ok()?;
    let promise: Promise = function.call2(&internals, &command.into(), &args).ok()?.dyn_into().ok()?;
    Some(match JsFuture::from(promise).await {
        Ok(value) => Ok(from_js(&value)),
        Err(error) => Err(from_js(&error)),
    })
}

/// Asks whether there is a shell and listens to it.
pub async fn start() {
    let Some(Ok(value)) = invoke("shell_info", to_js(&json!({}))).await else { return };
    let Ok(info) = serde_json::from_value::<ShellInfo>(value) else { return };
    app().shell.set(Some(info));
    listen("aurora:import", |_| jobs::look()).await;
    // The native menu names an action of the one registry.
    listen("aurora:action", |v| {
        if let Some(action) = v["action"].as_str().and_then(actions::find).filter(|a| a.ready()) {
            (action.run)();
        }
    })
    .await;
    listen("aurora:drag", |v| app().dragging.set(v["over"].as_bool().unwrap_or(false))).await;
    listen("aurora:close-asked", |v| {
        run("close_heard", json!({}));
        app().close_asked.set(Some(v["jobs"].as_u64().unwrap_or(1)));
    })
    .await;
}

async fn listen(event: &str, heard: impl Fn(&Value) + 'static) {
    let Some(internals) = internals() else { return };
    let callback = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| heard(&from_js(&event)["payload"]));
    let Ok(register) = Reflect::get(&internals, &"transformCallback".into()) else { return };
    let Ok(register) = register.dyn_into::<Function>() else { return };
    let Ok(id) = register.call1(&internals, callback.as_ref()) else { return };
    callback.forget();
    let args = to_js(&json!({"event": event, "target": {"kind": "Any"}}));
    let _ = Reflect::set(&args, &"handler".into(), &id);
    let _ = invoke("plugin:event|listen", args).await;
}

/// Has the window do an action, by its name in the list of actions.
pub fn act(action: &'static str) {
    run("act", json!({"action": action}));
}

/// The same, and then what is to be done when it is done or was given up.
pub fn act_then(action: &'static str, then: impl FnOnce() + 'static) {
    spawn_local(async move {
        told("act", json!({"action": action})).await;
        then();
    });
}

/// Runs a command of the shell and says what went wrong, if something did.
pub fn run(command: &'static str, args: Value) {
    spawn_local(told(command, args));
}

/// Answers `aurora:close-asked`. The question goes away once the shell has the answer, so that it never asks on.
pub fn answer_close(choice: &'static str) {
    spawn_local(async move {
        told("answer_close", json!({"choice": choice})).await;
        app().close_asked.set(None);
    });
}

async fn told(command: &'static str, args: Value) {
    match invoke(command, to_js(&args)).await {
        Some(Ok(_)) => jobs::look(),
        Some(Err(error)) => {
            let part = |name: &str| error[name].as_str().map(str::to_owned);
            let title = part("title").unwrap_or_else(|| t(k::ERROR_SHELL).to_owned());
            toast::error(title, part("text").or_else(|| error.as_str().map(str::to_owned)), None);
        }
        None => {}
    }
}
