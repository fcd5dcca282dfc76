//! A display as its window manager would see it: windows that come and go, their titles and places; and keys pressed
//! in them, by xdotool.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt as _, EventMask, MapState, Window,
};
use x11rb::rust_connection::RustConnection;

use super::page::PATIENCE;
use super::process::{Home, start};

/// Position and size in pixels.
pub type Place = (i16, i16, u16, u16);

/// What stands on a display.
pub struct Screen {
    display: String,
    server: Arc<RustConnection>,
    root: Window,
    events: Receiver<Event>,
}

/// Everything that the server tells from now on, until its end.
pub fn events(server: &Arc<RustConnection>) -> Receiver<Event> {
    let (tell, told) = mpsc::channel();
    let server = server.clone();
    std::thread::spawn(move || {
        while let Ok(event) = server.wait_for_event() {
            if tell.send(event).is_err() {
                return;
            }
        }
    });
    told
}

impl Screen {
    /// Watches a display.
    pub fn of(display: &str) -> Self {
        let (server, screen) = x11rb::connect(Some(display)).unwrap();
        let root = server.setup().roots[screen].root;
        let watch = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        server.change_window_attributes(root, &watch).unwrap().check().unwrap();
        let server = Arc::new(server);
        Self { display: display.to_owned(), events: events(&server), server, root }
    }

    /// Waits until `look` finds something, looking again whenever a window changes.
    fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let since = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            let titles: Vec<_> = self.shown().into_iter().map(|(_, title)| title).collect();
            assert!(since.elapsed() < PATIENCE, "waited for {what}; on the display stand {titles:?}");
            // A title may change without any event of the root: looked at again now and then.
            let _ = self.events.recv_timeout(Duration::from_millis(200));
        }
    }

    /// The windows that can be seen, with their titles.
    fn shown(&self) -> Vec<(Window, String)> {
        let all = self.server.query_tree(self.root).unwrap().reply().unwrap().children;
        let seen = |window: &Window| {
            let reply = self.server.get_window_attributes(*window).ok().and_then(|it| it.reply().ok());
            reply.is_some_and(|it| it.map_state == MapState::VIEWABLE)
        };
        all.into_iter().filter(seen).map(|window| (window, self.title(window))).collect()
    }

    fn title(&self, window: Window) -> String {
        let atom =
            |name: &str| self.server.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
        let text = self.server.get_property(false, window, atom("_NET_WM_NAME"), AtomEnum::ANY, 0, 1024);
        let text = text.unwrap().reply().map(|it| it.value).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Waits for a window whose title contains this.
    pub fn window(&self, title: &str) -> Window {
        let found = || self.shown().into_iter().find(|(_, has)| has.contains(title)).map(|it| it.0);
        self.until(title, found)
    }

    /// Waits until no window with this in its title can be seen.
    pub fn gone(&self, title: &str) {
        let gone = || (!self.shown().iter().any(|(_, has)| has.contains(title))).then_some(());
        self.until(&format!("the end of {title}"), gone);
    }

    /// How many windows with this in their title can be seen.
    pub fn titled(&self, title: &str) -> usize {
        self.shown().iter().filter(|(_, has)| has.contains(title)).count()
    }

    /// Where a window is.
    pub fn place(&self, window: Window) -> Place {
        let it = self.server.get_geometry(window).unwrap().reply().unwrap();
        let at = self.server.translate_coordinates(window, self.root, 0, 0).unwrap().reply().unwrap();
        (at.dst_x, at.dst_y, it.width, it.height)
    }

    /// Moves a window, as the user does with a window manager, and waits until it is there.
    pub fn put(&self, window: Window, to: Place) {
        let (x, y, width, height) = to;
        let place = ConfigureWindowAux::new().x(i32::from(x)).y(i32::from(y));
        let place = place.width(u32::from(width)).height(u32::from(height));
        self.server.configure_window(window, &place).unwrap().check().unwrap();
        self.until(&format!("a window at {to:?}"), || (self.place(window) == to).then_some(()));
    }

    /// Presses keys in a window: "F1", "ctrl+r".
    pub fn press(&self, home: &Home, window: Window, keys: &[&str]) {
        self.xdotool(home, window, |command| {
            command.arg("key").args(keys);
        });
    }

    /// Answers the native file dialog of this title with a typed path, and waits until it has gone.
    pub fn choose(&self, home: &Home, title: &str, path: &std::path::Path) {
        let dialog = self.window(title);
        self.xdotool(home, dialog, |command| {
            // The slash opens the field for a typed path. GTK tells nobody when it is open, and letters that come too
            // early are lost, so a moment passes; what stands in the field by then is replaced.
            command.args(["key", "slash", "sleep", "0.4", "key", "ctrl+a", "type", "--delay", "4"]).arg(path);
        });
        // The first may only close the list of completions.
        let since = Instant::now();
        while self.shown().iter().any(|(_, has)| has.contains(title)) && since.elapsed() < PATIENCE {
            self.press(home, dialog, &["Return"]);
            let _ = self.events.recv_timeout(Duration::from_millis(500));
        }
        self.gone(title);
    }

    fn xdotool(&self, home: &Home, window: Window, what: impl FnOnce(&mut std::process::Command)) {
        let mut command = home.command("xdotool");
        command.env("DISPLAY", &self.display).args(["windowfocus", "--sync", &window.to_string()]);
        what(&mut command);
        // A window that goes under its keys is no failure: what was waited for says whether they did their work.
        let _ = start(command).0.wait();
    }
}
