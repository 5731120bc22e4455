//! Lists that are put together when somebody reads them.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// A list of a snapshot: a slice to whoever reads it, put together when it is read first.
///
/// Most readers want few of a snapshot's lists: a scrape reads what happened since the start, a health check reads totals only.
/// So taking a snapshot copies numbers, and who reads a list pays for that list, once: all clones share it. Its numbers are those
/// of the moment the snapshot was taken, whenever it is read. Until then it holds what it is made of, which is more: a snapshot
/// that is kept for long is best [put together](super::Snapshot::put_together).
pub struct List<T>(Arc<LazyLock<Vec<T>, Maker<T>>>);

type Maker<T> = Box<dyn FnOnce() -> Vec<T> + Send>;

// === impl List ===

impl<T> List<T> {
    /// A list that is made when it is read.
    pub(crate) fn lazy(make: impl FnOnce() -> Vec<T> + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }

    /// Does now what the first reader would do.
    pub(super) fn put_together(&self) {
        self.all();
    }

    fn all(&self) -> &Vec<T> {
        &self.0
    }
}

/// The elements in their order.
impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.all()
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + 'static> Default for List<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

/// A list that is there already.
impl<T: Send + 'static> From<Vec<T>> for List<T> {
    fn from(list: Vec<T>) -> Self {
        let list = Self::lazy(|| list);
        list.all();
        list
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The elements, which are put together for it.
impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}
