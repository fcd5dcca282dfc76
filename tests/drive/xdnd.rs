//! A drag source that speaks XDND version 5 itself: offers files as text/uri-list over the window
//! on a display and drops them, as a file manager does.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, PropMode,
    SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::page::PATIENCE;
use super::screen::events;

x11rb::atom_manager! {
    Atoms: AtomsCookie {
        XdndAware, XdndSelection, XdndEnter, XdndPosition, XdndStatus, XdndDrop, XdndFinished, XdndActionCopy,
        WM_PROTOCOLS, WM_DELETE_WINDOW,
        UriList: b"text/uri-list",
    }
}

struct Drag {
    server: Arc<RustConnection>,
    events: Receiver<Event>,
    atoms: Atoms,
    source: Window,
    target: Window,
    /// Root coordinates of the middle of the target, as XdndPosition packs them.
    over: u32,
    list: Vec<u8>,
}

/// Drags `paths` over the middle of a window on `display` and drops them there. Panics when the
/// window does not take them.
pub fn drop_files(display: &str, target: Window, paths: &[&Path]) {
    let mut drag = Drag::start(display, target, paths);
    drag.send(drag.atoms.XdndEnter, [drag.source, 5 << 24, drag.atoms.UriList, 0, 0]);
    let since = Instant::now();
    loop {
        drag.send(drag.atoms.XdndPosition, [drag.source, 0, drag.over, 0, drag.atoms.XdndActionCopy]);
        if let Some(status) = drag.answer(drag.atoms.XdndStatus, Duration::from_millis(200))
            && status[1] & 1 == 1
        {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "the window never said that it would take the files");
    }
    drag.send(drag.atoms.XdndDrop, [drag.source, 0, 0, 0, 0]);
    drag.answer(drag.atoms.XdndFinished, PATIENCE).expect("the window never finished the drop");
}

/// Asks a window on `display` to close, as the close button of its frame does.
pub fn close_window(display: &str, target: Window) {
    let (server, _) = x11rb::connect(Some(display)).unwrap();
    let atoms = Atoms::new(&server).unwrap().reply().unwrap();
    let message =
        ClientMessageEvent::new(32, target, atoms.WM_PROTOCOLS, [atoms.WM_DELETE_WINDOW, 0, 0, 0, 0]);
    server.send_event(false, target, EventMask::NO_EVENT, message).unwrap();
    server.sync().unwrap();
}

impl Drag {
    fn start(display: &str, target: Window, paths: &[&Path]) -> Self {
        let (server, screen) = x11rb::connect(Some(display)).unwrap();
        let atoms = Atoms::new(&server).unwrap().reply().unwrap();
        let root = server.setup().roots[screen].root;
        let source = server.generate_id().unwrap();
        let (class, aux) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
        server.create_window(0, source, root, 0, 0, 1, 1, 0, class, 0, &aux).unwrap();
        server.set_selection_owner(source, atoms.XdndSelection, x11rb::CURRENT_TIME).unwrap();
        let aware = server.get_property(false, target, atoms.XdndAware, AtomEnum::ATOM, 0, 1).unwrap();
        assert!(aware.reply().unwrap().value_len > 0, "the window takes no drops");
        let size = server.get_geometry(target).unwrap().reply().unwrap();
        let at =
            server.translate_coordinates(target, root, (size.width / 2) as i16, (size.height / 2) as i16);
        let at = at.unwrap().reply().unwrap();
        let over = (u32::from(at.dst_x as u16) << 16) | u32::from(at.dst_y as u16);
        let list = paths.iter().map(|path| format!("file://{}\r\n", escaped(path))).collect::<String>();
        let server = Arc::new(server);
        let events = events(&server);
        Self { server, events, atoms, source, target, over, list: list.into_bytes() }
    }

    fn send(&self, kind: Atom, data: [u32; 5]) {
        let message = ClientMessageEvent::new(32, self.target, kind, data);
        self.server.send_event(false, self.target, EventMask::NO_EVENT, message).unwrap();
        self.server.flush().unwrap();
    }

    /// Waits for the target's message of this kind, handing out the list of files meanwhile.
    fn answer(&mut self, kind: Atom, patience: Duration) -> Option<[u32; 5]> {
        let since = Instant::now();
        while since.elapsed() < patience {
            match self.events.recv_timeout(patience.saturating_sub(since.elapsed())).ok() {
                Some(Event::ClientMessage(message)) if message.type_ == kind => {
                    return Some(message.data.as_data32());
                }
                Some(Event::SelectionRequest(request)) => self.hand_out(&request),
                Some(_) => {}
                None => return None,
            }
        }
        None
    }

    fn hand_out(&self, request: &SelectionRequestEvent) {
        let known = request.target == self.atoms.UriList;
        if known {
            let (window, property) = (request.requestor, request.property);
            self.server
                .change_property8(PropMode::REPLACE, window, property, request.target, &self.list)
                .unwrap();
        }
        let answer = SelectionNotifyEvent {
            response_type: x11rb::protocol::xproto::SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property: if known { request.property } else { x11rb::NONE },
        };
        self.server.send_event(false, request.requestor, EventMask::NO_EVENT, answer).unwrap();
        self.server.flush().unwrap();
    }
}

/// A path as a file URI carries it.
fn escaped(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).iter();
    bytes
        .map(|byte| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
