// Starts the UI. Its own file because the content security policy allows no inline script.
import init from "/ui.js";
init({ module_or_path: "/ui_bg.wasm" });
