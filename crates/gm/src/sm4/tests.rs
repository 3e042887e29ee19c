use super::*;
use crate::testing::hex;

const KEY: &str = "0123456789abcdeffedcba9876543210";

fn cipher() -> Sm4 {
    Sm4::new(&hex(KEY).try_into().unwrap())
}

/// GB/T 32907-2016 appendix A.1.
#[test]
fn example_of_the_standard() {
    let mut block: [u8; 16] = hex(KEY).try_into().unwrap();
    cipher().encrypt_blocks(std::slice::from_mut(&mut block));
    assert_eq!(block[..], hex("681edf34d206965e86b3e94f536e4246"));
    cipher().decrypt_blocks(std::slice::from_mut(&mut block));
    assert_eq!(block[..], hex(KEY));
}

/// GB/T 32907-2016 appendix A.2.
#[test]
fn a_million_rounds_of_the_standard() {
    let cipher = cipher();
    let mut block: [u8; 16] = hex(KEY).try_into().unwrap();
    for _ in 0..1_000_000 {
        cipher.encrypt_blocks(std::slice::from_mut(&mut block));
    }
    assert_eq!(block[..], hex("595298c7c6fd271f0402f804c33d3f66"));
}

#[test]
fn every_batch_gives_what_single_blocks_give() {
    let cipher = cipher();
    for count in [1, 2, 15, 16, 17, 63, 64, 65, 80, 130] {
        let plain: Vec<[u8; 16]> = (0..count).map(|at: u32| sm3_block(at)).collect();
        let mut together = plain.clone();
        cipher.encrypt_blocks(&mut together);
        for (at, block) in plain.iter().enumerate() {
            let mut alone = [*block];
            cipher.encrypt_blocks(&mut alone);
            assert_eq!(together[at], alone[0], "block {at} of {count}");
        }
        cipher.decrypt_blocks(&mut together);
        assert_eq!(together, plain);
    }
}

fn sm3_block(number: u32) -> [u8; 16] {
    *crate::sm3::digest(&number.to_be_bytes()).first_chunk().unwrap()
}

#[test]
fn cbc_round_trips_and_refuses_damage() {
    let (cipher, iv) = (cipher(), [7; 16]);
    for length in [0, 1, 15, 16, 17, 100] {
        let plain = vec![0x61; length];
        let sealed = cipher.cbc_encrypt(&iv, &plain);
        assert_eq!(sealed.len(), length / 16 * 16 + 16);
        assert_eq!(cipher.cbc_decrypt(&iv, &sealed).unwrap(), plain);
        assert_eq!(cipher.cbc_decrypt(&iv, &sealed[1..]), Err(GmError::Decryption));
    }
    assert_eq!(cipher.cbc_decrypt(&iv, &[]), Err(GmError::Decryption));
    for padding in [vec![0; 16], vec![17; 16], [vec![1; 14], vec![3, 2]].concat()] {
        assert_eq!(unpadded(&padding), None, "{padding:?}");
    }
    assert_eq!(unpadded(&[16; 16]), Some(0));
}

/// draft-ribose-cfrg-sm4-10 appendix A.2.4.1: CBC, two blocks without the padding.
#[test]
fn cbc_example() {
    let plain = hex("aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffaaaaaaaabbbbbbbb");
    let iv = hex("000102030405060708090a0b0c0d0e0f").try_into().unwrap();
    let sealed = cipher().cbc_encrypt(&iv, &plain);
    assert_eq!(sealed[..32], hex("78ebb11cc40b0a48312aaeb2040244cb4cb7016951909226979b0d15dc6a8f6d"));
}
