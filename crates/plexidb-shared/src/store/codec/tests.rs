//! Entries come back as they were; anything else is refused without a panic.

use std::sync::Arc;

use plexidb_core::{Array, Column, RowSetBuilder, Value, ValueRef};
use proptest::prelude::*;

use super::super::entry::KeyParts;
use super::*;

const SECRET: &str = "a secret of at least sixteen bytes";

fn codec(secrets: &[&str]) -> Codec {
    let config = CodecConfig {
        secrets: secrets.iter().map(|&text| text.into()).collect(),
        ..CodecConfig::default()
    };
    Codec::new(&config, "test").unwrap()
}

fn key(id: i64) -> EntryKey {
    EntryKey::new(&KeyParts {
        database: "chat",
        catalog: 7,
        scope: b"role",
        sql: "SELECT id, name, tags FROM users WHERE id > ?",
        params: &[ValueRef::Int(id)],
    })
}

fn origin() -> Origin {
    Origin {
        epoch: 0x0123_4567_89ab_cdef << 64,
        first: vec![(0, 0), (65_535, u64::MAX)],
        then: vec![(u32::MAX, 1)],
        cost_us: 1_500,
        filled_at_ms: 1_790_000_000_000,
    }
}

fn rows(count: usize) -> RowSet {
    let columns: Arc<[Column]> = ["id", "name", "tags"]
        .map(|name| Column {
            name: name.into(),
            type_name: "text".into(),
        })
        .into();
    let tags = Array::from_values([Value::Text("a".into()), Value::Null]);
    let mut builder = RowSetBuilder::new(columns);
    for id in 0..count {
        builder.push(ValueRef::Int(id as i64));
        builder.push(ValueRef::Text("žluťoučký kůň"));
        builder.push(ValueRef::Array(tags.as_ref()));
    }
    builder.finish()
}

fn opened(codec: &Codec, name: StoreKey, key: &EntryKey, bytes: &[u8]) -> Result<(Origin, RowSet), Unusable> {
    let entry = codec.open(name, key, bytes)?;
    let rows = entry.rows()?;
    Ok((entry.origin, rows))
}

#[test]
fn an_entry_comes_back_plain_packed_and_sealed() {
    for codec in [codec(&[]), codec(&[SECRET])] {
        for count in [0, 1, 3, 500] {
            let (name, bytes) = codec.encode(&key(1), &origin(), &rows(count)).unwrap();
            let (found, again) = opened(&codec, name, &key(1), &bytes).unwrap();
            assert_eq!((found, again), (origin(), rows(count)));
        }
        let (_, bytes) = codec.encode(&key(1), &origin(), &rows(500)).unwrap();
        assert!(
            bytes.len() < rows(500).cell_bytes() / 4,
            "500 equal rows pack well"
        );
    }
}

#[test]
fn an_entry_of_another_key_is_refused_even_under_the_same_name() {
    let codec = codec(&[]);
    let (name, bytes) = codec.encode(&key(1), &origin(), &rows(1)).unwrap();
    assert_ne!(codec.names(&key(1)), codec.names(&key(2)));
    assert_eq!(opened(&codec, name, &key(2), &bytes), Err(Unusable::OtherKey));
}

#[test]
fn entries_over_the_limit_are_neither_written_nor_read() {
    let config = CodecConfig {
        entry_bytes_max: 4_000,
        ..CodecConfig::default()
    };
    let small = Codec::new(&config, "test").unwrap();
    assert_eq!(
        small.encode(&key(1), &origin(), &rows(500)),
        Err(NotStored::TooLarge { bytes_max: 4_000 })
    );
    let (name, bytes) = codec(&[]).encode(&key(1), &origin(), &rows(500)).unwrap();
    assert!(matches!(
        opened(&small, name, &key(1), &bytes),
        Err(Unusable::Malformed(MalformedEntry::TooLarge { .. }))
    ));
    assert!(matches!(
        small.open(name, &key(1), &vec![1; 100_000]),
        Err(Unusable::Malformed(MalformedEntry::TooLarge { .. }))
    ));
}

#[test]
fn another_version_and_a_lying_size_are_refused() {
    let codec = codec(&[]);
    let (name, mut bytes) = codec.encode(&key(1), &origin(), &rows(1)).unwrap();
    bytes[0] = LAYOUT + 1;
    assert_eq!(
        opened(&codec, name, &key(1), &bytes),
        Err(Unusable::Malformed(MalformedEntry::Layout {
            found: LAYOUT + 1,
            expected: LAYOUT
        }))
    );
    // A valid checksum over a size that would make us allocate most of the limit for nothing.
    let payload = 1_000_000_u32.to_le_bytes();
    let mut bytes = vec![LAYOUT, PACKED];
    bytes.extend_from_slice(&checksum(PACKED, &payload).to_le_bytes());
    bytes.extend_from_slice(&payload);
    assert_eq!(
        opened(&codec, name, &key(1), &bytes),
        Err(Unusable::Malformed(MalformedEntry::Compression))
    );
}

#[test]
fn without_the_secret_an_entry_can_be_neither_read_nor_forged() {
    let ours = codec(&[SECRET]);
    let (name, bytes) = ours.encode(&key(1), &origin(), &rows(3)).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("users") && !text.contains("chat"));

    let stranger = codec(&["another secret of sixteen bytes"]);
    assert_ne!(stranger.names(&key(1)), ours.names(&key(1)));
    let open = codec(&[]);
    for foreign in [&stranger, &open] {
        assert_eq!(opened(foreign, name, &key(1), &bytes), Err(Unusable::Forged));
        let (_, bytes) = foreign.encode(&key(1), &origin(), &rows(3)).unwrap();
        assert_eq!(opened(&ours, name, &key(1), &bytes), Err(Unusable::Forged));
    }
    // Our own entry under another name.
    assert_eq!(
        opened(&ours, ours.names(&key(2))[0], &key(1), &bytes),
        Err(Unusable::Forged)
    );
    // Another namespace with the same secret.
    let config = CodecConfig {
        secrets: vec![SECRET.into()],
        ..CodecConfig::default()
    };
    let elsewhere = Codec::new(&config, "other").unwrap();
    assert_eq!(opened(&elsewhere, name, &key(1), &bytes), Err(Unusable::Forged));
}

#[test]
fn a_new_secret_comes_in_beside_the_old_one() {
    let old = codec(&[SECRET]);
    let both = codec(&["the new secret, long enough", SECRET]);
    let (name, bytes) = old.encode(&key(1), &origin(), &rows(3)).unwrap();
    assert_eq!(both.names(&key(1))[1], name);
    assert_eq!(opened(&both, name, &key(1), &bytes).unwrap(), (origin(), rows(3)));
    let (name, bytes) = both.encode(&key(1), &origin(), &rows(3)).unwrap();
    assert_eq!(both.names(&key(1))[0], name);
    assert_eq!(opened(&old, name, &key(1), &bytes), Err(Unusable::Forged));
}

fn every_form() -> Vec<(Codec, StoreKey, Vec<u8>)> {
    let mut forms = Vec::new();
    for secrets in [&[][..], &[SECRET][..]] {
        for count in [2, 60] {
            let codec = codec(secrets);
            let (name, bytes) = codec.encode(&key(1), &origin(), &rows(count)).unwrap();
            forms.push((codec, name, bytes));
        }
    }
    forms
}

#[test]
fn every_truncation_and_every_flipped_bit_is_refused() {
    for (codec, name, bytes) in every_form() {
        for len in 0..bytes.len() {
            assert!(
                opened(&codec, name, &key(1), &bytes[..len]).is_err(),
                "cut at {len}"
            );
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(opened(&codec, name, &key(1), &longer).is_err());
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(opened(&codec, name, &key(1), &flipped).is_err(), "bit {bit}");
        }
    }
}

/// The bytes of a body with a valid checksum around them: what reaches the reader behind the first gate.
fn with_checksum(flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![LAYOUT, flags];
    bytes.extend_from_slice(&checksum(flags, payload).to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

proptest! {
    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let name = StoreKey([0; 16]);
        for codec in [codec(&[]), codec(&[SECRET])] {
            prop_assert!(opened(&codec, name, &key(1), &bytes).is_err());
        }
    }

    #[test]
    fn a_damaged_body_with_a_right_checksum_never_panics_and_never_answers_another_key(
        at in any::<prop::sample::Index>(),
        garbage in proptest::collection::vec(any::<u8>(), 1..12),
        packed in any::<bool>(),
    ) {
        let codec = codec(&[]);
        let name = codec.names(&key(1))[0];
        let mut body = Vec::new();
        layout::write(&mut body, &key(1), &origin(), &rows(40));
        let (flags, mut payload) = if packed { codec.pack(body) } else { (0, body) };
        let start = at.index(payload.len());
        for (byte, garbage) in payload[start..].iter_mut().zip(garbage) {
            *byte = garbage;
        }
        if let Ok((_, rows)) = opened(&codec, name, &key(1), &with_checksum(flags, &payload)) {
            for row in &rows {
                let _ = format!("{row:?}");
            }
        }
        prop_assert!(opened(&codec, name, &key(2), &with_checksum(flags, &payload)).is_err());
    }
}
