//! What a person chose or dropped, as files with their paths: folders are walked where the browser lets us.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, File, FileList, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry,
    FileSystemFileEntry,
};

/// A file, named with its path below what was chosen.
pub struct Picked {
    /// `folder/sub/file.evtx`
    pub path: String,
    /// The bytes, still on disk.
    pub file: File,
}

/// What is there, and how many things the browser did not let us read.
#[derive(Default)]
pub struct Found {
    /// In the order of their paths.
    pub files: Vec<Picked>,
    /// Not readable.
    pub unread: u64,
}

impl Found {
    fn add(&mut self, path: String, file: File) {
        self.files.push(Picked { path, file });
    }

    fn sorted(mut self) -> Found {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self
    }
}

/// Whether a file field of this browser can choose a folder.
pub fn knows_folders() -> bool {
    let field = leptos::prelude::document().create_element("input");
    field.is_ok_and(|f| js_sys::Reflect::has(&f, &"webkitdirectory".into()).unwrap_or(false))
}

/// From a file field.
pub fn chosen(list: Option<FileList>) -> Found {
    let mut found = Found::default();
    let Some(list) = list else { return found };
    for file in (0..list.length()).filter_map(|i| list.get(i)) {
        let path = js_sys::Reflect::get(&file, &"webkitRelativePath".into()).ok().and_then(|v| v.as_string());
        let path = path.filter(|p| !p.is_empty()).unwrap_or_else(|| file.name());
        found.add(path, file);
    }
    found.sorted()
}

/// From a drop. What it holds can only be asked for while the drop is handled, so that is done before the first wait.
pub fn dropped(data: &DataTransfer) -> impl Future<Output = Found> + use<> {
    let items = data.items();
    let entries: Vec<FileSystemEntry> =
        (0..items.length()).filter_map(|i| items.get(i)?.webkit_get_as_entry().ok().flatten()).collect();
    let plain = if entries.is_empty() { data.files() } else { None };
    async move { if entries.is_empty() { readable(chosen(plain)).await } else { walk(entries).await } }
}

/// A folder that came as a file can't be read: only asking for a byte tells.
async fn readable(all: Found) -> Found {
    let mut found = Found { unread: all.unread, ..Found::default() };
    for one in all.files {
        let read = match one.file.slice_with_f64_and_f64(0.0, 1.0) {
            Ok(byte) => JsFuture::from(byte.array_buffer()).await.is_ok(),
            Err(_) => false,
        };
        if read { found.add(one.path, one.file) } else { found.unread += 1 }
    }
    found
}

async fn walk(mut open: Vec<FileSystemEntry>) -> Found {
    let mut found = Found::default();
    while let Some(entry) = open.pop() {
        if entry.is_file() {
            let path = entry.full_path().trim_start_matches('/').to_owned();
            match file_of(entry.unchecked_ref()).await {
                Ok(file) => found.add(path, file),
                Err(_) => found.unread += 1,
            }
        } else if entry.is_directory() {
            let folder: &FileSystemDirectoryEntry = entry.unchecked_ref();
            let reader = folder.create_reader();
            // A reader gives at most a hundred entries a time: go on until it gives none.
            loop {
                match entries_of(&reader).await {
                    Ok(some) if some.length() > 0 => {
                        open.extend(some.iter().map(|e| e.unchecked_into::<FileSystemEntry>()));
                    }
                    Ok(_) => break,
                    Err(_) => {
                        found.unread += 1;
                        break;
                    }
                }
            }
        }
    }
    found.sorted()
}

async fn file_of(entry: &FileSystemFileEntry) -> Result<File, JsValue> {
    let asked = js_sys::Promise::new(&mut |ok, no| entry.file_with_callback_and_callback(&ok, &no));
    JsFuture::from(asked).await.map(JsCast::unchecked_into)
}

async fn entries_of(reader: &FileSystemDirectoryReader) -> Result<js_sys::Array, JsValue> {
    let asked = js_sys::Promise::new(&mut |ok, no| {
        let _ = reader.read_entries_with_callback_and_callback(&ok, &no);
    });
    JsFuture::from(asked).await.map(JsCast::unchecked_into)
}
