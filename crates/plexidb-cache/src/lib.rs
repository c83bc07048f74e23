//! Slots, stamps and the in-process result cache; knows no SQL and no driver.
