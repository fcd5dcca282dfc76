//! Checks tauri.conf.json and the permissions of the window's commands at compile time.

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/permissions");
    let commands = tauri_build::AppManifest::new().permissions_path_pattern("./src-tauri/permissions/*.toml");
    let attributes = tauri_build::Attributes::new()
        .app_manifest(commands)
        .capabilities_path_pattern("./src-tauri/capabilities/*.json");
    if let Err(reason) = tauri_build::try_build(attributes) {
        println!("cargo::error={reason:#}");
    }
}
