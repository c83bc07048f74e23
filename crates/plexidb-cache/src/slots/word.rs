//! One slot as a word: `version` in the high 44 bits, `writers` in the low 20, and the steps between its values.
//!
//! Invariant: no step carries from `writers` into `version`, and no value without writers ever comes back after a
//! write. Where a field would overflow, the slot is *stuck*: held for good, so that reads bypass it.

// Why a hit is never stale.
//
// Let a write W begin (b), become visible in the database (v), be acknowledged (a) and end (e), in this order; let a
// result be captured (c), queried (q), and hit (h). An old result is one whose q did not see W; the hit is wrong
// if W was acknowledged, or seen by somebody, before the hitting read started, that is, if v is before h.
//
// - c before b: h is after v, so after b, and from b on the word differs from every value before b: while W or
//   another write is in flight by `writers`, afterwards by `version`. The hit is refused.
// - c between b and e: `writers` is not 0, and nothing is stored.
// - c after e: q is after c, so after v, and sees W. The result is not old.
//
// `release` gives a word back its old value (b, then -1). That is right, as nothing became visible in between, and a
// result captured before is as true as it was. Several slots are loaded one after the other; since a
// value without writers does not come back after a write, a slot that holds its stamp at its load held it all the
// time since c, hence all of them held at the moment of the first load: that is the instant at which the hit counts.
//
// A precaution is the exception: a write that does not know which rows it touches holds a slot P of all of them, learns
// that it touched those of slot K, raises K by one version (begin, end), and then releases P. The stamp of P holds again,
// that of K never does. Whoever looks at K before it was raised, and at P only after it was released, would
// take the old result though the write was visible before he began. So P is looked at first: before it was held, the hit
// counts as of then, when the write was not visible; after it was released, K is seen raised.
//
// A result that names the rows on which it depends (slots R) is captured when it is there, at r, after its query. What is
// watched meanwhile (slots G, from g before q) covers every row that may be in it. Let W touch one of its rows, so that it
// holds R from b to e, and raises a slot of G, or holds one of G as a precaution and raises another that it has learnt.
// If v is after q and e is before r, then W has raised G between g and e, and the word is another one: a word with
// writers comes back only where each that ended meanwhile was released. If e is after r and b before it, R is held, and
// nothing is stored. If b is after r, R dies as it would by any stamp. Hence words of G may have writers at g: they are
// compared, and never become stamps. G is looked at after R, and what is held as a precaution first, as above.
//
// "Before" is happens-before of the memory model. b is an acquire-release step and is followed by sending the
// statement: whoever sees the write's effect got it through the database (a socket or its locks), which orders b
// before his loads, and coherence makes his loads find b or something later. e is preceded by the answer and is a
// release, so whoever finds e with an acquire load and then queries is ordered after the commit. c is an acquire
// load, so its query cannot be sent before it. No step needs a total order over several slots, hence no SeqCst.

const WRITERS_BITS: u32 = 20;
/// The number of writers at which a slot is stuck. A million writes at a time on one slot are beyond any database.
pub(super) const WRITERS_STUCK: u64 = (1 << WRITERS_BITS) - 1;
/// The last version: 2^44 writes, or 200 days of a million writes a second on one slot.
pub(super) const VERSION_LAST: u64 = u64::MAX >> WRITERS_BITS;

pub(super) fn writers(word: u64) -> u64 {
    word & WRITERS_STUCK
}

pub(super) fn version(word: u64) -> u64 {
    word >> WRITERS_BITS
}

/// Whether a write is in flight.
pub(super) fn is_held(word: u64) -> bool {
    writers(word) != 0
}

/// Whether it does not tell any more what happens.
pub(super) fn is_stuck(word: u64) -> bool {
    writers(word) == WRITERS_STUCK
}

/// One writer more.
pub(super) fn begun(word: u64) -> u64 {
    if writers(word) == WRITERS_STUCK {
        word
    } else {
        word + 1
    }
}

/// One version on, one writer fewer.
pub(super) fn ended(word: u64) -> u64 {
    if version(word) == VERSION_LAST {
        // The version would start again at 0 and might meet an old stamp.
        return word | WRITERS_STUCK;
    }
    match writers(word) {
        WRITERS_STUCK => word,
        // Every hold ends once, so this is never met; a version up is the safe answer.
        0 => word + (1 << WRITERS_BITS),
        _ => word + (1 << WRITERS_BITS) - 1,
    }
}

/// One writer fewer, the version as it was.
pub(super) fn released(word: u64) -> u64 {
    match writers(word) {
        WRITERS_STUCK | 0 => word,
        _ => word - 1,
    }
}
