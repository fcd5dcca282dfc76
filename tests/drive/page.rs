//! A page under a web driver: finding by `data-test`, waiting for conditions, errors with a picture
//! of what was there instead.

use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// The longest wait for a condition. Two cores build and test at once; a condition that holds is
/// seen at once, so this costs time only in a test that fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The longest that a script may take.
const SCRIPT: Duration = Duration::from_secs(30);

/// The longest that a driver takes to answer when the page can.
const ANSWER: Duration = Duration::from_secs(5);

/// A driven page.
pub struct Page {
    /// The session.
    pub client: Client,
}

impl Page {
    /// Opens a session on the driver at `port`, waiting until the driver answers.
    /// None when the driver accepts the session but never answers.
    pub async fn attach(port: u16, capabilities: Capabilities) -> Option<Self> {
        let mut capabilities = capabilities;
        capabilities.insert(
            "timeouts".to_owned(),
            json!({ "script": SCRIPT.as_millis() as u64, "pageLoad": 20000, "implicit": 0 }),
        );
        let since = Instant::now();
        loop {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(capabilities.clone());
            let driver = format!("http://127.0.0.1:{port}");
            match tokio::time::timeout(PATIENCE, builder.connect(&driver)).await {
                Err(_) => return None,
                Ok(Ok(client)) => return Some(Self { client }),
                Ok(Err(reason)) => {
                    let refused = format!("{reason:?}").contains("Connect");
                    assert!(refused && since.elapsed() < PATIENCE, "no session: {reason:?}");
                }
            }
            pause().await;
        }
    }

    /// Waits until `script` (an expression) is truthy on the page and gives its value. Asked anew in small steps: a
    /// script that waits in the page itself never answers when the window goes to another page meanwhile.
    pub async fn until(&self, script: &str) -> Value {
        let since = Instant::now();
        let mut last = String::new();
        let asked = format!("return ({script})");
        while since.elapsed() < PATIENCE {
            // A page that is being loaded cannot answer; a driver may wait for it without end.
            match tokio::time::timeout(ANSWER, self.client.execute(&asked, vec![])).await {
                Ok(Ok(value)) if truthy(&value) => return value,
                Ok(Ok(value)) => last = value.to_string(),
                Ok(Err(reason)) => last = reason.to_string(),
                Err(_) => last = "no answer".into(),
            }
            pause().await;
        }
        self.fail(&format!("waited for {script}; last: {last}")).await
    }

    /// Waits for the element with this `data-test`.
    pub async fn find(&self, name: &str) -> Element {
        let found = format!("[data-test=\"{name}\"]");
        self.until(&format!("document.querySelector({})", json!(found))).await;
        match self.client.find(Locator::Css(&found)).await {
            Ok(element) => element,
            Err(reason) => self.fail(&format!("{name}: {reason}")).await,
        }
    }

    /// Whether an element with this `data-test` is there now.
    pub async fn has(&self, name: &str) -> bool {
        let script = format!("return !!document.querySelector('[data-test=\"{name}\"]')");
        self.client.execute(&script, vec![]).await.is_ok_and(|value| truthy(&value))
    }

    /// Waits for an element and clicks it.
    pub async fn click(&self, name: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let Err(reason) = self.find(name).await.click().await else { return };
            // The page drew it anew between the look and the click.
            let drawn_anew = reason.to_string().contains("stale element");
            if !drawn_anew || Instant::now() > until {
                self.fail(&format!("click on {name}: {reason}")).await
            }
        }
    }

    /// Waits for an element and lets the page click it a little later: for what takes the page away under the driver.
    pub async fn click_last(&self, name: &str) {
        self.find(name).await;
        let script =
            format!("setTimeout(() => document.querySelector('[data-test=\"{name}\"]').click(), 50)");
        self.client.execute(&script, vec![]).await.unwrap();
    }

    /// Waits for an element and clicks it by script: for table rows, which no driver clicks alike.
    pub async fn open(&self, name: &str) {
        self.find(name).await;
        let script = format!("document.querySelector('[data-test=\"{name}\"]').click()");
        self.client.execute(&script, vec![]).await.unwrap();
    }

    /// Waits for a field and types into it.
    pub async fn type_into(&self, name: &str, text: &str) {
        if let Err(reason) = self.find(name).await.send_keys(text).await {
            self.fail(&format!("typing into {name}: {reason}")).await
        }
    }

    /// How many elements with this `data-test` there are now.
    pub async fn count(&self, name: &str) -> u64 {
        let script = format!("return document.querySelectorAll('[data-test=\"{name}\"]').length");
        self.client.execute(&script, vec![]).await.unwrap().as_u64().unwrap()
    }

    /// Runs the body of an async function on the page and gives what it returns.
    pub async fn run(&self, body: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {body} }})().then((v) => done(v), (e) => done('failed: ' + e));"
        );
        match tokio::time::timeout(SCRIPT + ANSWER, self.client.execute_async(&script, vec![])).await {
            Ok(Ok(value)) => value,
            Ok(Err(reason)) => self.fail(&format!("{body}: {reason}")).await,
            Err(_) => self.fail(&format!("{body}: no answer")).await,
        }
    }

    /// Waits until an expression with `await` in it, which the page asks its server for, is true.
    pub async fn until_served(&self, expression: &str) {
        let since = Instant::now();
        let asked = format!(
            "for (let n = 0; n < 5; n += 1) {{
                if ({expression}) return true;
                await new Promise((go) => setTimeout(go, 100));
            }}
            return false"
        );
        while self.run(&asked).await != json!(true) {
            if since.elapsed() > PATIENCE {
                self.fail(&format!("waited for {expression}")).await
            }
        }
    }

    /// What a POST to the API answers to the page, with the session's CSRF value.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let asked = format!(
            "const me = await fetch('/api/v1/users/me');
            const headers = {{ 'Content-Type': 'application/json', 'X-CSRF-Token': me.headers.get('X-CSRF-Token') }};
            const answer = await fetch('/api/v1/{path}', {{ method: 'POST', headers, body: JSON.stringify({body}) }});
            return await answer.json()"
        );
        self.run(&asked).await
    }

    /// Waits for a link to this address and follows it.
    pub async fn follow(&self, href: &str) {
        let link = format!("a[href={}]", json!(href));
        self.until(&format!("document.querySelector({})", json!(link))).await;
        let script = format!("setTimeout(() => document.querySelector({}).click(), 50)", json!(link));
        self.client.execute(&script, vec![]).await.unwrap();
    }

    /// Writes what the page shows to `file`, as PNG.
    pub async fn screenshot(&self, file: &Path) {
        let Ok(picture) = self.client.screenshot().await else {
            return println!("no picture: the window is gone");
        };
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, picture).unwrap();
    }

    /// Ends the test, with the page's address and text and, in AURORASOC_SHOTS, a picture of it.
    pub async fn fail(&self, what: &str) -> ! {
        let wait = Duration::from_secs(3);
        let Ok(address) = tokio::time::timeout(wait, self.client.current_url()).await else {
            panic!("{what}\nand the driver does not answer any more")
        };
        let address = address.map(|url| url.to_string()).unwrap_or_default();
        let text = self.client.execute("return document.body && document.body.innerText", vec![]).await;
        if let Some(dir) = std::env::var_os("AURORASOC_SHOTS") {
            self.screenshot(&Path::new(&dir).join("failed.png")).await;
        }
        panic!("{what}\non {address}\nwhich shows: {}", text.unwrap_or_default())
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != json!(0) && *value != json!("")
}
