//! Ratios as they are written.

use super::Ratio;

#[test]
fn a_ratio_reads_as_it_prints() {
    for text in ["99:1", "90:10", "50:50", "0:100", "100:0"] {
        assert_eq!(text.parse::<Ratio>().unwrap().to_string(), text);
    }
}

#[test]
fn what_is_no_ratio_is_refused_with_a_reason() {
    for (text, reason) in [
        ("90", "'90' is no ratio"),
        ("90:x", "'90:x' is no ratio"),
        ("90:20", "90 and 20 do not add up"),
        ("255:255", "255 and 255 do not add up"),
    ] {
        let refusal = text.parse::<Ratio>().unwrap_err();
        assert!(refusal.contains(reason), "{text}: {refusal}");
    }
}
