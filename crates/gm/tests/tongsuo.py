"""One TLS connection by Tongsuo, an OpenSSL with the suites of RFC 8998.

tongsuo.py client HOST PORT NAME AUTHORITY [CERTIFICATE KEY]
tongsuo.py server CERTIFICATE KEY [AUTHORITY-OF-CLIENTS]

Prints the suite that was agreed on and what the peer said. A server prints its port first.
"""

import socket
import sys

from tongsuopy.backends._tongsuo import ffi, lib


def refuse(what):
    text = ffi.new("char[256]")
    lib.ERR_error_string_n(lib.ERR_get_error(), text, 256)
    sys.exit(f"{what}: {ffi.string(text).decode()}")


def need(result, what):
    if result != 1:
        refuse(what)


def context(method, certificate=None, key=None, authority=None):
    made = lib.SSL_CTX_new(method())
    need(lib.SSL_CTX_set_min_proto_version(made, lib.TLS1_3_VERSION), "version")
    need(lib.SSL_CTX_set_ciphersuites(made, b"TLS_SM4_GCM_SM3"), "suite")
    if certificate:
        need(lib.SSL_CTX_use_certificate_chain_file(made, certificate.encode()), "certificate")
        need(lib.SSL_CTX_use_PrivateKey_file(made, key.encode(), lib.SSL_FILETYPE_PEM), "key")
    if authority:
        need(lib.SSL_CTX_load_verify_locations(made, authority.encode(), ffi.NULL), "authority")
        mode = lib.SSL_VERIFY_PEER | lib.SSL_VERIFY_FAIL_IF_NO_PEER_CERT
        lib.SSL_CTX_set_verify(made, mode, ffi.NULL)
    return made


def converse(ssl, connection, word):
    need(lib.SSL_set_fd(ssl, connection.fileno()), "socket")
    need(lib.SSL_do_handshake(ssl), "handshake")
    if lib.SSL_get_verify_result(ssl) != 0:
        sys.exit(f"certificate: error {lib.SSL_get_verify_result(ssl)}")
    print(ffi.string(lib.SSL_CIPHER_get_name(lib.SSL_get_current_cipher(ssl))).decode())
    lib.SSL_write(ssl, word, len(word))
    heard = ffi.new("char[]", 65536)
    count = lib.SSL_read(ssl, heard, 65536)
    if count <= 0:
        refuse("read")
    print(bytes(ffi.buffer(heard, count)).decode(), flush=True)
    lib.SSL_shutdown(ssl)


def client(host, port, name, authority, certificate=None, key=None):
    ssl = lib.SSL_new(context(lib.TLS_client_method, certificate, key, authority))
    lib.SSL_set_tlsext_host_name(ssl, name.encode())
    lib.X509_VERIFY_PARAM_set1_host(lib.SSL_get0_param(ssl), name.encode(), len(name))
    lib.SSL_set_connect_state(ssl)
    connection = socket.create_connection((host, int(port)), 20)
    connection.settimeout(None)
    converse(ssl, connection, b"hello of a client")


def server(certificate, key, authority=None):
    ssl = lib.SSL_new(context(lib.TLS_server_method, certificate, key, authority))
    lib.SSL_set_accept_state(ssl)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    connection, _ = listener.accept()
    connection.settimeout(None)
    converse(ssl, connection, b"hello of a server")


{"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
