//! A long list of rows of one height: only those in view are in the page; two empty rows hold the place of the rest.

mod range;

use crate::state::app;
use api::users::Density;
use leptos::{html, prelude::*};

/// Height of a row in px, from the density.
pub fn row_height() -> f64 {
    match app().preferences.with(|p| p.density) {
        Density::Compact => 24.0,
        Density::Default => 28.0,
        Density::Relaxed => 36.0,
    }
}

/// The part of a list that is drawn.
#[derive(Clone, Copy)]
pub struct Window {
    /// The scrolling region; its owner puts it on the element and calls [`Window::measure`] on scroll.
    pub region: NodeRef<html::Div>,
    /// First row drawn, and the one after the last.
    pub range: Memo<(usize, usize)>,
    len: Signal<usize>,
    top: RwSignal<f64>,
    height: RwSignal<f64>,
}

impl Window {
    /// Over a list of `len` rows.
    pub fn new(len: Signal<usize>) -> Window {
        let (top, height) = (RwSignal::new(0.0_f64), RwSignal::new(900.0_f64));
        let range = Memo::new(move |_| range::drawn(top.get(), height.get(), row_height(), len.get()));
        let window = Window { region: NodeRef::new(), range, len, top, height };
        Effect::new(move || {
            window.region.track();
            len.track();
            window.measure();
        });
        let resized = window_event_listener(leptos::ev::resize, move |_| window.measure());
        on_cleanup(move || resized.remove());
        window
    }

    /// Looks where the region is scrolled to.
    pub fn measure(self) {
        if let Some(region) = self.region.get_untracked() {
            self.top.set(f64::from(region.scroll_top()));
            self.height.set(f64::from(region.client_height()).max(200.0));
        }
    }

    /// Height of the empty row above.
    pub fn before(self) -> String {
        format!("{}px", self.range.get().0 as f64 * row_height())
    }

    /// Height of the empty row below.
    pub fn after(self) -> String {
        format!("{}px", self.len.get().saturating_sub(self.range.get().1) as f64 * row_height())
    }

    /// The rows drawn, each with its place in the list.
    pub fn rows<T: Clone>(self, all: &[T]) -> Vec<(usize, T)> {
        let (from, to) = self.range.get();
        let (from, to) = (from.min(all.len()), to.min(all.len()));
        all[from..to].iter().cloned().enumerate().map(|(i, row)| (from + i, row)).collect()
    }

    /// Scrolls so far that a row is in view.
    pub fn reveal(self, at: usize) {
        let Some(region) = self.region.get_untracked() else { return };
        let row = untrack(row_height);
        let (top, height) = (f64::from(region.scroll_top()), f64::from(region.client_height()));
        if let Some(to) = range::reveal(at, top, height, row, row) {
            region.set_scroll_top(to as i32);
        }
    }

    /// Rows between the last one drawn and the end of what is loaded.
    pub fn ahead(self) -> usize {
        self.len.get().saturating_sub(self.range.get().1)
    }
}
