//! A frame may be any bytes at all: it decodes to a message with that one encoding, or is refused; its tree is always
//! drawn.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roadveil_role::{Message, Protocol, decode, encode, tree};

fn one<M: Message>(protocol: &Protocol, data: &[u8]) {
    if let Ok(message) = decode::<M>(data) {
        assert_eq!(encode(&message), data);
    }
    let tree = tree::describe(protocol.messages, data);
    assert!(tree.bytes.end <= data.len().max(1));
}

fuzz_target!(|data: &[u8]| {
    one::<roadveil_ecpp::messages::Msg>(&roadveil_ecpp::PROTOCOL, data);
    one::<roadveil_grid::messages::Msg>(&roadveil_grid::PROTOCOL, data);
    one::<roadveil_gsb::messages::Msg>(&roadveil_gsb::PROTOCOL, data);
    one::<roadveil_hab::messages::Msg>(&roadveil_hab::PROTOCOL, data);
});
