//! A panic in a room ends only the task it happens in; here it is noticed. A simulation has its thread to itself, so
//! its panics are told from those of others by the thread.

use std::{cell::RefCell, panic, sync::Once};

thread_local! {
    static SEEN: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

static INSTALLED: Once = Once::new();

/// Notices the panics of this thread from now on.
pub(crate) fn watch() {
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let noticed = SEEN.with_borrow_mut(|seen| seen.as_mut().map(|seen| seen.push(info.to_string())));
            if noticed.is_none() {
                before(info);
            }
        }));
    });
    SEEN.set(Some(Vec::new()));
}

/// The panics since [`watch`]; from now on they are nobody's business again.
pub(crate) fn take() -> Vec<String> {
    SEEN.take().unwrap_or_default()
}
