//! `aurorasoc serve` on a workspace of its own, seen by headless Chromium.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use fantoccini::wd::Capabilities;
use serde_json::{Value, json};

use super::page::Page;
use super::process::{self, Home, Running};

/// How long a driver may take to end its browser.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(2);
/// The server's program.
const PROGRAM: &str = "aurorasoc";

/// A served workspace and a browser on it.
pub struct Browser {
    /// What the browser shows.
    pub page: Page,
    /// The server's origin, without a slash at the end.
    pub origin: String,
    /// Port of the driver, and its session.
    session: (u16, String),
    _driver: Running,
    _server: Running,
    _home: Home,
}

impl Browser {
    /// Makes a workspace with an admin of this name and password, serves it, and opens Chromium on
    /// it; `dark` is the colour scheme that the system claims to prefer.
    pub async fn start(name: &str, password: &str, dark: bool) -> Self {
        let home = Home::new();
        let workspace = home.path().join("workspace");
        add_admin(&home, &workspace, name, password);
        let port = process::free_port();
        let mut serve = home.command(process::built(PROGRAM));
        serve.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"]).arg(&workspace);
        let server = process::start(serve);
        let (driver, at) = driver(&home);
        let page = Page::attach(at, capabilities(&home, dark)).await.expect("chromedriver does not answer");
        page.client.set_window_size(1280, 800).await.unwrap();
        let session = (at, page.client.session_id().await.unwrap().unwrap());
        let browser = Self {
            page,
            session,
            origin: format!("http://127.0.0.1:{port}"),
            _home: home,
            _driver: driver,
            _server: server,
        };
        browser.load("/").await;
        browser
    }

    /// Goes to a path of the server, again while the server does not answer yet.
    pub async fn load(&self, path: &str) {
        let since = std::time::Instant::now();
        while let Err(reason) = self.page.client.goto(&format!("{}{path}", self.origin)).await {
            assert!(since.elapsed() < super::page::PATIENCE, "{path}: {reason}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Runs axe-core on the page and gives its violations: rule, and the elements it names.
    pub async fn violations(&self) -> Vec<String> {
        self.page.client.execute(&axe(), vec![]).await.unwrap();
        let found = self.page.run("return (await axe.run(document)).violations").await;
        let Value::Array(found) = found else { panic!("axe-core: {found}") };
        let one = |rule: &Value| {
            let nodes = rule["nodes"].as_array().unwrap().iter();
            let nodes: Vec<_> =
                nodes.map(|node| format!("{} ({})", node["html"], node["failureSummary"])).collect();
            format!("{}: {}", rule["id"], nodes.join("; "))
        };
        found.iter().map(one).collect()
    }
}

impl Drop for Browser {
    /// Lets the driver end its browser: a driver that is killed leaves it running. Some drivers never answer that; what
    /// is left then ends with the home.
    #[allow(clippy::disallowed_methods, reason = "the driver of this machine")]
    fn drop(&mut self) {
        let (port, id) = &self.session;
        let Ok(mut driver) = TcpStream::connect(("127.0.0.1", *port)) else { return };
        let _ = driver.set_read_timeout(Some(GOODBYE));
        let _ =
            write!(driver, "DELETE /session/{id} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        let _ = driver.read_to_end(&mut Vec::new());
    }
}

/// axe-core as npm installed it.
fn axe() -> String {
    let file = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
        .join("node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file).unwrap_or_else(|reason| panic!("{}: {reason} (./do test)", file.display()))
}

fn add_admin(home: &Home, workspace: &PathBuf, name: &str, password: &str) {
    let mut add = home.command(process::built(PROGRAM));
    add.args(["user", "add", name, "--role", "admin", "--password-stdin", "--data-dir"]).arg(workspace);
    add.stdin(Stdio::piped());
    let mut add = process::start(add);
    writeln!(add.0.stdin.take().unwrap(), "{password}").unwrap();
    assert!(add.0.wait().unwrap().success(), "aurorasoc user add failed");
}

fn driver(home: &Home) -> (Running, u16) {
    let mut driver = home.command("chromedriver");
    driver.arg("--port=0").stderr(Stdio::null());
    let (driver, port) = process::start_and_read(driver, "started successfully on port");
    (driver, port.parse().unwrap())
}

fn capabilities(home: &Home, dark: bool) -> Capabilities {
    let profile = format!("--user-data-dir={}", home.path().join("chromium").display());
    let mut args = vec![
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        &profile,
    ];
    if dark {
        args.push("--force-dark-mode");
    }
    Capabilities::from_iter([("goog:chromeOptions".to_owned(), json!({ "args": args }))])
}
