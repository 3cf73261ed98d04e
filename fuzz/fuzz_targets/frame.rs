//! A frame may be any bytes at all: it decodes to a message with that one encoding, or is refused; its tree is always
//! drawn.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roadveil_ecpp::messages::Msg;
use roadveil_role::{decode, encode, tree};

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = decode::<Msg>(data) {
        assert_eq!(encode(&message), data);
    }
    let tree = tree::describe(roadveil_ecpp::PROTOCOL.messages, data);
    assert!(tree.bytes.end <= data.len().max(1));
});
