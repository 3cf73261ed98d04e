//! The screen: what it shows at several sizes, what each key does, and that nothing makes it fail.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "tui/sample.rs"]
mod sample;
#[path = "tui/show.rs"]
mod show;

use show::Show;

#[test]
fn peek() {
    let mut show = Show::new(sample::six_cars());
    for (w, h) in [(80, 24), (120, 40), (160, 48)] {
        show.resize(w, h);
        println!("{}", show.text());
    }
    show.resize(80, 24);
    for keys in [
        "k k k",
        "enter",
        "esc esc 4",
        "j j",
        "enter",
        "esc 5",
        "6",
        "7",
        "1 z z z z",
        "?",
    ] {
        show.press(keys);
        println!("{keys}\n{}", show.text());
    }
}
