//! AES-256-GCM (NIST SP 800-38D) with nonces of 96 bits and tags of 128.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};

use super::{OpenError, blocks};
use crate::ops::Op;
use crate::secret::SecretBytes;
use crate::tally;

/// By how many bytes a sealed message is longer than its plaintext: the authentication tag.
pub const OVERHEAD: usize = 16;

pub(super) fn encrypt(key: &SecretBytes<32>, nonce: [u8; 12], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let _span = tally::add(Op::AesGcmBlock, blocks(aad.len(), plaintext.len()) as usize);
    let payload = Payload { msg: plaintext, aad };
    Aes256Gcm::new(key.expose().into())
        .encrypt(&nonce.into(), payload)
        // Impossible: GCM refuses only messages above 64 GiB.
        .expect("a message is shorter than 64 GiB")
}

pub(super) fn decrypt(key: &SecretBytes<32>, nonce: [u8; 12], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let text_len = sealed.len().saturating_sub(OVERHEAD);
    let _span = tally::add(Op::AesGcmBlock, blocks(aad.len(), text_len) as usize);
    Aes256Gcm::new(key.expose().into())
        .decrypt(&nonce.into(), Payload { msg: sealed, aad })
        .map_err(|_| OpenError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ByteArray;

    struct Vector {
        key: &'static str,
        nonce: &'static str,
        text: &'static str,
        aad: &'static str,
        sealed: &'static str,
        tag: &'static str,
    }

    /// Test cases 13 to 16 of McGrew and Viega, "The Galois/Counter Mode of Operation".
    const MCGREW_VIEGA: &[Vector] = &[
        Vector {
            key: "0000000000000000000000000000000000000000000000000000000000000000",
            nonce: "000000000000000000000000",
            text: "",
            aad: "",
            sealed: "",
            tag: "530f8afbc74536b9a963b4f1c4cb738b",
        },
        Vector {
            key: "0000000000000000000000000000000000000000000000000000000000000000",
            nonce: "000000000000000000000000",
            text: "00000000000000000000000000000000",
            aad: "",
            sealed: "cea7403d4d606b6e074ec5d3baf39d18",
            tag: "d0d1c8a799996bf0265b98b5d48ab919",
        },
        Vector {
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            text: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            aad: "",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                     8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
            tag: "b094dac5d93471bdec1a502270e3cc6c",
        },
        Vector {
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            text: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                     8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            tag: "76fc6ece0f4e1768cddf8853bb2d551b",
        },
    ];

    /// From NIST's `gcmEncryptExtIV256.rsp`: the first for each of these lengths.
    const NIST: &[Vector] = &[
        Vector {
            key: "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
            nonce: "516c33929df5a3284ff463d7",
            text: "",
            aad: "",
            sealed: "",
            tag: "bdc1ac884d332457a1d2664f168c76f0",
        },
        Vector {
            key: "886cff5f3e6b8d0e1ad0a38fcdb26de97e8acbe79f6bed66959a598fa5047d65",
            nonce: "3a8efa1cd74bbab5448f9945",
            text: "",
            aad: "519fee519d25c7a304d6c6aa1897ee1eb8c59655",
            sealed: "",
            tag: "f6d47505ec96c98a42dc3ae719877b87",
        },
        Vector {
            key: "5f671466378f470ba5f5160e2209f3d95a48b7e560625d5a08654414de23aee2",
            nonce: "6b3c08a663d04132243dd96c",
            text: "c428592d9f8a7f107ec4d0df05",
            aad: "12965559c31d538f937bda6eee9c93b0387318dc5d9496fb1c3a0b9b978dbfeb\
                     ff2a5823974ee9d679834dbe59f7ec51",
            sealed: "1d8d7fe4357080c817303ce19c",
            tag: "e88d6b566fdc7b4fd62106bd2eb806ec",
        },
        Vector {
            key: "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22",
            nonce: "0d18e06c7c725ac9e362e1ce",
            text: "2db5168e932556f8089a0622981d017d",
            aad: "",
            sealed: "fa4362189661d163fcd6a56d8bf0405a",
            tag: "d636ac1bbedd5cc3ee727dc2ab4a9489",
        },
        Vector {
            key: "92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b",
            nonce: "ac93a1a6145299bde902f21a",
            text: "2d71bcfa914e4ac045b2aa60955fad24",
            aad: "1e0889016f67601c8ebea4943bc23ad6",
            sealed: "8995ae2e6df3dbf96fac7b7137bae67f",
            tag: "eca5aa77d51d4a0a14d9c51e1da474ab",
        },
        Vector {
            key: "26bf255bee60ef0f653769e7034db95b8c791752754e575c761059e9ee8dcf78",
            nonce: "cecd97ab07ce57c1612744f5",
            text: "96983917a036650763aca2b4e927d95ffc74339519ed40c4336dba91edfbf9ad",
            aad: "afebbe9f260f8c118e52b84d8880a34622675faef334cdb41be9385b7d059b79\
                     c0f8a432d25f8b71e781b177fce4d4c57ac5734543e85d7513f96382ff4b2d4b\
                     95b2f1fdbaf9e78bbd1db13a7dd26e8a4ac83a3e8ab42d1d545f",
            sealed: "e34b1540a769f7913331d66796e00bdc3ee0f258cf244eb7663375cc5ad6c658",
            tag: "3841f02beb7a7fca7e578922d0a2f80c",
        },
        Vector {
            key: "1fded32d5999de4a76e0f8082108823aef60417e1896cf4218a2fa90f632ec8a",
            nonce: "1f3afa4711e9474f32e70462",
            text: "06b2c75853df9aeb17befd33cea81c630b0fc53667ff45199c629c8e15dce41e\
                     530aa792f796b8138eeab2e86c7b7bee1d40b0",
            aad: "",
            sealed: "91fbd061ddc5a7fcc9513fcdfdc9c3a7c5d4d64cedf6a9c24ab8a77c36eefbf1\
                     c5dc00bc50121b96456c8cd8b6ff1f8b3e480f",
            tag: "30096d340f3d5c42d82a6f475def23eb",
        },
        Vector {
            key: "24501ad384e473963d476edcfe08205237acfd49b5b8f33857f8114e863fec7f",
            nonce: "9ff18563b978ec281b3f2794",
            text: "27f348f9cdc0c5bd5e66b1ccb63ad920ff2219d14e8d631b3872265cf117ee86\
                     757accb158bd9abb3868fdc0d0b074b5f01b2c",
            aad: "adb5ec720ccf9898500028bf34afccbcaca126ef",
            sealed: "eb7cb754c824e8d96f7c6d9b76c7d26fb874ffbf1d65c6f64a698d839b0b0614\
                     5dae82057ad55994cf59ad7f67c0fa5e85fab8",
            tag: "bc95c532fecc594c36d1550286a7a3f0",
        },
        Vector {
            key: "148579a3cbca86d5520d66c0ec71ca5f7e41ba78e56dc6eebd566fed547fe691",
            nonce: "b08a5ea1927499c6ecbfd4e0",
            text: "9d0b15fdf1bd595f91f8b3abc0f7dec927dfd4799935a1795d9ce00c9b879434\
                     420fe42c275a7cd7b39d638fb81ca52b49dc41",
            aad: "e4f963f015ffbb99ee3349bbaf7e8e8e6c2a71c230a48f9d59860a29091d2747\
                     e01a5ca572347e247d25f56ba7ae8e05cde2be3c97931292c02370208ecd097e\
                     f692687fecf2f419d3200162a6480a57dad408a0dfeb492e2c5d",
            sealed: "2097e372950a5e9383c675e89eea1c314f999159f5611344b298cda45e628437\
                     16f215f82ee663919c64002a5c198d7878fd3f",
            tag: "adbecdb0d5c2224d804d2886ff9a5760",
        },
    ];

    fn hex(text: &str) -> Vec<u8> {
        let byte = |i| u8::from_str_radix(&text[i..i + 2], 16).expect("hexadecimal");
        (0..text.len()).step_by(2).map(byte).collect()
    }

    #[test]
    fn published_vectors() {
        for vector in MCGREW_VIEGA.iter().chain(NIST) {
            let key = SecretBytes::new(ByteArray::from_hex(vector.key).expect("a key").0);
            let nonce = ByteArray::from_hex(vector.nonce).expect("a nonce").0;
            let (aad, text) = (hex(vector.aad), hex(vector.text));
            let mut expected = hex(vector.sealed);
            expected.extend(hex(vector.tag));
            let sealed = encrypt(&key, nonce, &aad, &text);
            assert_eq!(sealed, expected, "{}", vector.tag);
            assert_eq!(sealed.len(), text.len() + OVERHEAD);
            assert_eq!(decrypt(&key, nonce, &aad, &sealed), Ok(text));
        }
    }
}
