//! Lengths that lie are refused before anything is allocated for them.

use super::*;

fn number(bytes: &[u8]) -> Result<u64, MalformedEntry> {
    Body(bytes).varint()
}

#[test]
fn numbers_of_every_size_come_back_and_longer_ones_are_refused() {
    for expected in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, expected);
        assert_eq!(number(&bytes), Ok(expected));
        bytes.pop();
        assert_eq!(number(&bytes), Err(MalformedEntry::Length));
    }
    assert_eq!(number(&[0xff; 10]), Err(MalformedEntry::Length));
    assert_eq!(number(&[0x80; 11]), Err(MalformedEntry::Length));
}

#[test]
fn counts_beyond_what_is_left_are_refused() {
    let mut many = Vec::new();
    put_varint(&mut many, u64::MAX);
    many.extend_from_slice(&[0; 20]);
    assert_eq!(Body(&many).stamps(), Err(MalformedEntry::Length));
    assert_eq!(Body(&many).bytes(), Err(MalformedEntry::Length));
    assert_eq!(Body(&many).rows(), Err(MalformedEntry::Length));
    // Eleven stamps take at least 22 bytes.
    many.clear();
    put_varint(&mut many, 11);
    many.extend_from_slice(&[0; 21]);
    assert_eq!(Body(&many).stamps(), Err(MalformedEntry::Length));
}

#[test]
fn a_slot_beyond_32_bits_is_refused() {
    let mut bytes = vec![1];
    put_varint(&mut bytes, u64::from(u32::MAX) + 1);
    put_varint(&mut bytes, 0);
    assert_eq!(Body(&bytes).stamps(), Err(MalformedEntry::Length));
}
