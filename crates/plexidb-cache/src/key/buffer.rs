//! Where the parameters of a lookup are encoded: on the stack, where they fit.
//!
//! Invariant: the bytes are those that were put, in their order, wherever they are.

use plexidb_core::CellSink;

/// Room for some ten short parameters.
const INLINE_BYTES: usize = 128;

/// Room for the encoded parameters of a lookup; more of them spill to the heap.
#[derive(Clone, Debug)]
pub struct KeyBuffer {
    inline: [u8; INLINE_BYTES],
    length: usize,
    /// All bytes, once they do not fit.
    spilled: Vec<u8>,
}

impl KeyBuffer {
    /// Makes an empty buffer.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            inline: [0; INLINE_BYTES],
            length: 0,
            spilled: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.length = 0;
        self.spilled.clear();
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        if self.spilled.is_empty() {
            &self.inline[..self.length]
        } else {
            &self.spilled
        }
    }

    #[inline]
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        if self.spilled.is_empty() {
            &mut self.inline[..self.length]
        } else {
            &mut self.spilled
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes().len()
    }

    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        if self.spilled.is_empty() {
            self.spilled.extend_from_slice(&self.inline[..self.length]);
        }
        self.spilled.extend_from_slice(bytes);
    }
}

impl Default for KeyBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl CellSink for KeyBuffer {
    #[inline]
    fn reserve(&mut self, _: usize) {}

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if self.spilled.is_empty()
            && let Some(free) = self.inline.get_mut(self.length..end)
        {
            free.copy_from_slice(bytes);
            self.length = end;
        } else {
            self.spill(bytes);
        }
    }
}
