//! Tags: who bears them, and whose they are.

use super::{ServerSet, ServerTag, ServerTraits, Tags};

fn server(tags: &[&str], weight: u32) -> ServerTraits {
    ServerTraits {
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        weight,
        is_reserved: !tags.is_empty(),
    }
}

#[test]
fn reads_go_to_those_who_bear_the_tag_and_to_nobody_reserved_without_one() {
    let tags = Tags::new(&[
        server(&[], 1),
        server(&["analytics"], 1),
        server(&["exports", "analytics"], 1),
        server(&["analytics"], 0),
    ]);
    let analytics = tags.find("analytics").unwrap();
    assert_eq!(tags.candidates(None), ServerSet(0b0001));
    assert_eq!(tags.candidates(Some(analytics)), ServerSet(0b0110));
    assert_eq!(tags.bearers(analytics), ServerSet(0b1110));
    assert_eq!(tags.candidates(tags.find("exports")), ServerSet(0b0100));
    assert_eq!(tags.find("Analytics"), None);
    assert_eq!(tags.names(), ["analytics", "exports"]);
}

#[test]
fn a_tag_of_another_database_is_borne_by_nobody() {
    let servers = [server(&["analytics"], 1)];
    let (one, two) = (Tags::new(&servers), Tags::new(&servers));
    let foreign = one.find("analytics").unwrap();
    assert_eq!(two.name(foreign), None);
    assert_eq!(two.bearers(foreign), ServerSet(0));
    assert_eq!(two.name(ServerTag::OF_ONLY_SERVER), None);
    assert_eq!(one.name(foreign), Some("analytics"));
}
