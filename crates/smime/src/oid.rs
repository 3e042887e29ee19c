//! Object identifiers, with where they are defined.

use der::oid::ObjectIdentifier;

macro_rules! oids {
    ($($name:ident = $dotted:literal;)+) => {$(
        pub(crate) const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($dotted);
    )+};
}

// Content types: RFC 5652 section 4 and following, RFC 5083, RFC 3274.
oids! {
    DATA = "1.2.840.113549.1.7.1";
    SIGNED_DATA = "1.2.840.113549.1.7.2";
    ENVELOPED_DATA = "1.2.840.113549.1.7.3";
    ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
    COMPRESSED_DATA = "1.2.840.113549.1.9.16.1.9";
    AUTH_ENVELOPED_DATA = "1.2.840.113549.1.9.16.1.23";
}

// The same with Chinese names (GM/T 0010 section 7).
oids! {
    GM_DATA = "1.2.156.10197.6.1.4.2.1";
    GM_SIGNED_DATA = "1.2.156.10197.6.1.4.2.2";
    GM_ENVELOPED_DATA = "1.2.156.10197.6.1.4.2.3";
}

// SM2 and SM4 (GM/T 0006 appendix A).
oids! {
    SM2 = "1.2.156.10197.1.301";
    SM2_SIGN = "1.2.156.10197.1.301.1";
    SM2_ENCRYPT = "1.2.156.10197.1.301.3";
    SM2_WITH_SM3 = "1.2.156.10197.1.501";
    SM4_CBC = "1.2.156.10197.1.104.2";
    SM4_GCM = "1.2.156.10197.1.104.8";
}

// Attributes: RFC 5652 section 11, RFC 8551 section 2.5.2, RFC 5035 section 3.
oids! {
    CONTENT_TYPE = "1.2.840.113549.1.9.3";
    MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
    SIGNING_TIME = "1.2.840.113549.1.9.5";
    CAPABILITIES = "1.2.840.113549.1.9.15";
    SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
}

// Digests: RFC 5754 section 2, RFC 8017 appendix B.1, GM/T 0006.
oids! {
    MD5 = "1.2.840.113549.2.5";
    SHA1 = "1.3.14.3.2.26";
    SHA256 = "2.16.840.1.101.3.4.2.1";
    SHA384 = "2.16.840.1.101.3.4.2.2";
    SHA512 = "2.16.840.1.101.3.4.2.3";
    SM3 = "1.2.156.10197.1.401";
}

// Keys and signatures: RFC 8017 appendix C, RFC 5480, RFC 5758, RFC 8410, RFC 8419.
oids! {
    RSA = "1.2.840.113549.1.1.1";
    RSA_OAEP = "1.2.840.113549.1.1.7";
    MGF1 = "1.2.840.113549.1.1.8";
    RSA_PSS = "1.2.840.113549.1.1.10";
    MD5_RSA = "1.2.840.113549.1.1.4";
    SHA1_RSA = "1.2.840.113549.1.1.5";
    SHA256_RSA = "1.2.840.113549.1.1.11";
    SHA384_RSA = "1.2.840.113549.1.1.12";
    SHA512_RSA = "1.2.840.113549.1.1.13";
    EC = "1.2.840.10045.2.1";
    P256 = "1.2.840.10045.3.1.7";
    P384 = "1.3.132.0.34";
    P521 = "1.3.132.0.35";
    SHA1_ECDSA = "1.2.840.10045.4.1";
    SHA256_ECDSA = "1.2.840.10045.4.3.2";
    SHA384_ECDSA = "1.2.840.10045.4.3.3";
    SHA512_ECDSA = "1.2.840.10045.4.3.4";
    ED25519 = "1.3.101.112";
}

// Agreement on keys and wrapping: RFC 5753 section 7.1, RFC 3565 section 2.3.2.
oids! {
    STD_DH_SHA1 = "1.3.133.16.840.63.0.2";
    STD_DH_SHA256 = "1.3.132.1.11.1";
    STD_DH_SHA384 = "1.3.132.1.11.2";
    STD_DH_SHA512 = "1.3.132.1.11.3";
    WRAP_AES_128 = "2.16.840.1.101.3.4.1.5";
    WRAP_AES_256 = "2.16.840.1.101.3.4.1.45";
}

// Ciphers: RFC 3565 section 4.1, RFC 5084 section 3, RFC 3370 section 5.
oids! {
    AES_128_CBC = "2.16.840.1.101.3.4.1.2";
    AES_192_CBC = "2.16.840.1.101.3.4.1.22";
    AES_256_CBC = "2.16.840.1.101.3.4.1.42";
    AES_128_GCM = "2.16.840.1.101.3.4.1.6";
    AES_192_GCM = "2.16.840.1.101.3.4.1.26";
    AES_256_GCM = "2.16.840.1.101.3.4.1.46";
    TRIPLE_DES_CBC = "1.2.840.113549.3.7";
    RC2_CBC = "1.2.840.113549.3.2";
    DES_CBC = "1.3.14.3.2.7";
    ZLIB = "1.2.840.113549.1.9.16.3.8";
}

// PKCS#12: RFC 7292 section 4.2 and appendix C, RFC 8018 appendix A.
oids! {
    KEY_BAG = "1.2.840.113549.1.12.10.1.1";
    SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
    CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3";
    X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";
    PBES2 = "1.2.840.113549.1.5.13";
    PBKDF2 = "1.2.840.113549.1.5.12";
    HMAC_SHA1 = "1.2.840.113549.2.7";
    HMAC_SHA256 = "1.2.840.113549.2.9";
    HMAC_SHA384 = "1.2.840.113549.2.10";
    HMAC_SHA512 = "1.2.840.113549.2.11";
    PBE_TRIPLE_DES = "1.2.840.113549.1.12.1.3";
    PBE_RC2_40 = "1.2.840.113549.1.12.1.6";
    PBE_RC2_128 = "1.2.840.113549.1.12.1.5";
}
