//! What depends on the operating system: private files, folders and what changes in them, the workspace's lock and sockets, the process.
//!
//! Linux now. Windows and macOS get their own versions of these files, and of `src-tauri/src/webkit.rs`.

mod changes;
mod door;
mod files;
mod folders;
mod lock;
pub mod path_bytes;
mod process;
mod socket;

pub use changes::Changes;
pub use door::{Door, Start, enter};
pub use files::{
    create_private, disk, free_bytes, make_private, private_folder, read_private, write_private,
};
pub use folders::{config_home, data_home, runtime_folder};
pub use lock::{Lock, LockError, LockOwner};
pub use path_bytes::{bytes_of, path_of};
pub use process::{account, asked_to_end, harden, memory};
pub use socket::{listen, order_socket, same_user};
