//! Which texts are read as the current time.

use super::is_time_word;

#[test]
fn every_spelling_of_the_current_time_is_recognised() {
    for text in [
        "now",
        "NOW",
        " now ",
        "today",
        "Today 12:00",
        "12:00 today",
        "tomorrow",
        "yesterday allballs",
        "{now,2020-01-01}",
        "[today,tomorrow)",
        "(\"now\",)",
        "now\n",
        "2020-01-01 now",
        "subsec",
        "SubSecond",
    ] {
        assert!(is_time_word(text), "{text:?}");
    }
}

#[test]
fn ordinary_texts_are_not() {
    for text in [
        "",
        "nowhere",
        "snow",
        "todays",
        "2024-01-01",
        "epoch",
        "infinity",
        "Ada",
        "n ow",
        "nów",
    ] {
        assert!(!is_time_word(text), "{text:?}");
    }
}
