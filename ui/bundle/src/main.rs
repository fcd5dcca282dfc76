//! Build tool: `bundle --wasm FILE --out DIR [--release]` writes the files that the server embeds.
//!
//! Runs wasm-bindgen as a library, so that its version always matches the crate in Cargo.lock and nothing is
//! downloaded. Reads styles, icons and fonts from the ui folder that this tool lies in.

mod css;
mod fonts;
mod shrink;

use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

struct Args {
    wasm: PathBuf,
    out: PathBuf,
    release: bool,
}

fn args() -> Result<Args> {
    let (mut wasm, mut out, mut release) = (None, None, false);
    let mut rest = std::env::args().skip(1);
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--wasm" => wasm = rest.next().map(PathBuf::from),
            "--out" => out = rest.next().map(PathBuf::from),
            "--release" => release = true,
            other => bail!("unknown argument {other}; usage: bundle --wasm FILE --out DIR [--release]"),
        }
    }
    Ok(Args {
        wasm: wasm.context("--wasm FILE is missing")?,
        out: out.context("--out DIR is missing")?,
        release,
    })
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Where the icons stand in the page.
const ICONS: &str = "<!-- icons -->";

/// The page with the icons in it: each use of one would be a request of its own, and fail while the server is away.
fn page(html: &Path, sprite: &Path) -> Result<String> {
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("reading {}", path.display()));
    let (html, sprite) = (read(html)?, read(sprite)?);
    let hidden = sprite.trim_end().replacen("<svg ", "<svg class=\"sprite\" aria-hidden=\"true\" ", 1);
    if !html.contains(ICONS) || hidden == sprite {
        bail!("the page has no place for the icons, or they are no <svg>");
    }
    Ok(html.replacen(ICONS, &hidden, 1))
}

fn main() -> Result<()> {
    let args = args()?;
    // The one of this run: a build cache that several clones share may hold this program from another one.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").context("run this with `cargo run`")?;
    let ui = Path::new(&here).join("..");
    fs::create_dir_all(args.out.join("fonts"))?;

    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(&args.wasm)
        .out_name("ui")
        .web(true)?
        .typescript(false)
        .remove_name_section(args.release)
        .remove_producers_section(true)
        .generate(&args.out)
        .with_context(|| format!("wasm-bindgen on {}", args.wasm.display()))?;
    if args.release {
        shrink::wasm_opt(&args.out.join("ui_bg.wasm"))?;
    }

    let fonts = fonts::copy_all(&ui.join("node_modules/@fontsource-variable"), &args.out.join("fonts"))?;
    fs::write(args.out.join("app.css"), fonts + &css::join(&ui)?)?;
    let icons = ui.join("../assets/icons");
    fs::write(args.out.join("index.html"), page(&ui.join("index.html"), &icons.join("sprite.svg"))?)?;
    copy(&ui.join("boot.js"), &args.out.join("boot.js"))?;
    copy(&icons.join("favicon.svg"), &args.out.join("favicon.svg"))?;
    let size = fs::metadata(args.out.join("ui_bg.wasm"))?.len();
    println!("bundle: {} ({size} bytes of wasm)", args.out.display());
    Ok(())
}
