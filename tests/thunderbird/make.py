#!/usr/bin/env python3
"""Has Thunderbird write protected messages, and read those of others. See README.md.

make.py samples          makes keys and the messages in samples/
make.py read FILE...     has Thunderbird show each message, and prints what it says of its protection
"""

import atexit
import email
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
KEYS = HERE / "keys"
SAMPLES = HERE / "samples"

# Who writes with Thunderbird, and who gets it.
SENDER = "li@partner.test"
READER = "sales@trade.test"
# Whose message it is not.
OTHER = "other@trade.test"

PASSWORD = "samples"

CERTIFICATES = f"""
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj "/CN=Samples CA" -days 7300 \
    -addext keyUsage=critical,keyCertSign,cRLSign
for name in {SENDER} {READER} {OTHER}; do
    printf "basicConstraints=CA:FALSE\\nsubjectAltName=email:$name\\nkeyUsage=digitalSignature,keyEncipherment\\nextendedKeyUsage=emailProtection\\n" > ext
    openssl req -newkey rsa:2048 -nodes -keyout $name.key -subj "/CN=$name" |
        openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 7300 -extfile ext -out $name.pem
    openssl pkcs12 -export -inkey $name.key -in $name.pem -certfile ca.pem -name $name -passout pass:{PASSWORD} -out $name.p12
done
rm -f ext *.key ca.srl
"""

PGP_KEYS = f"""
for name in {SENDER} {READER} {OTHER}; do
    gpg --batch --quiet --passphrase '' --quick-generate-key "$name <$name>" ed25519 sign never
    print=$(gpg --list-keys --with-colons $name | sed -n 's/^fpr:*//p' | head -1 | tr -d :)
    gpg --batch --quiet --passphrase '' --quick-add-key $print cv25519 encr never
    gpg --armor --export $name > $name.asc
    gpg --batch --passphrase '' --armor --export-secret-keys $name > $name.secret.asc
done
"""


def shell(text, directory, **more):
    subprocess.run(["bash", "-euc", text], cwd=directory, check=True, stderr=subprocess.DEVNULL, **more)


def make_keys():
    shutil.rmtree(KEYS, ignore_errors=True)
    KEYS.mkdir()
    shell(CERTIFICATES, KEYS)
    with tempfile.TemporaryDirectory() as home:
        shell(PGP_KEYS, KEYS, env={"GNUPGHOME": home, "PATH": "/usr/bin:/bin"})


class Sink:
    """Takes mail by SMTP."""

    def __init__(self):
        self.messages = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            self.talk(connection)

    def talk(self, connection):
        with connection, connection.makefile("rwb") as stream:
            def say(text):
                stream.write(text.encode() + b"\r\n")
                stream.flush()

            say("220 sink")
            while line := stream.readline():
                word = line[:4].upper().strip()
                if word == b"DATA":
                    say("354 go on")
                    message = b""
                    while (line := stream.readline()) != b".\r\n":
                        message += line[1:] if line.startswith(b".") else line
                    self.messages.append(message)
                    say("250 taken")
                elif word == b"QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 sink")

    def wait_for(self, count):
        for _ in range(600):
            if len(self.messages) >= count:
                return self.messages[count - 1]
            time.sleep(0.1)
        raise SystemExit("Thunderbird sent nothing within a minute")


class Thunderbird:
    """A Thunderbird without a screen, spoken to by Marionette (its own remote control)."""

    def __init__(self, profile, smtp_port):
        port = free_port()
        preferences = {
            "marionette.port": port,
            "mail.provider.suppress_dialog_on_startup": True,
            "mail.spotlight.firstRunDone": True,
            "mail.winsearch.firstRunDone": True,
            "mail.rights.version": 1,
            "mailnews.start_page.enabled": False,
            "datareporting.policy.dataSubmissionEnabled": False,
            "app.update.enabled": False,
            "app.donation.eoy.version.viewed": 999,
            "network.proxy.type": 0,
            # The real mail servers of nobody.
            "mail.smtpserver.smtp1.hostname": "127.0.0.1",
            "mail.smtpserver.smtp1.port": smtp_port,
            "mail.smtpserver.smtp1.authMethod": 1,
            "mail.smtpserver.smtp1.try_ssl": 0,
            "mail.smtpservers": "smtp1",
            "mail.smtp.defaultserver": "smtp1",
            "mail.accountmanager.accounts": "account1",
            "mail.accountmanager.defaultaccount": "account1",
            "mail.account.account1.identities": "id1",
            "mail.account.account1.server": "server1",
            "mail.server.server1.type": "none",
            "mail.server.server1.hostname": "Local Folders",
            "mail.server.server1.userName": "nobody",
            "mail.server.server1.name": "Local Folders",
            "mail.accountmanager.localfoldersserver": "server1",
            "mail.identity.id1.fullName": "Li",
            "mail.identity.id1.useremail": SENDER,
            "mail.identity.id1.smtpServer": "smtp1",
            "mail.identity.id1.valid": True,
            "mail.identity.id1.doFcc": False,
            "mail.identity.id1.compose_html": False,
            "mail.identity.id1.encryptionpolicy": 0,
            "mail.identity.id1.attachPgpKey": False,
            "mail.identity.id1.protectSubject": True,
            "mail.openpgp.remind_encryption_possible": False,
            "mail.smime.remind_encryption_possible": False,
            "mail.warn_on_send_accel_key": False,
            "mail.collect_email_address_outgoing": False,
            "mail.compose.big_attachments.notify": False,
        }
        text = "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())
        (profile / "user.js").write_text(text)
        command = ["thunderbird", "--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", str(profile)]
        log = (profile / "log").open("wb")
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        atexit.register(self.stop)
        self.stream = self.connect(port)
        self.number = 0
        self.call("WebDriver:NewSession", {"strictFileInteractability": False})
        self.call("Marionette:SetContext", {"value": "chrome"})
        self.call("WebDriver:SetTimeouts", {"script": 60000})

    def connect(self, port):
        for _ in range(600):
            try:
                stream = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
                receive(stream)
                return stream
            except OSError:
                time.sleep(0.1)
        raise SystemExit("Thunderbird does not listen within a minute")

    def call(self, command, parameters):
        self.number += 1
        body = json.dumps([0, self.number, command, parameters]).encode()
        self.stream.write(b"%d:%s" % (len(body), body))
        self.stream.flush()
        _, _, error, result = receive(self.stream)
        if error:
            raise SystemExit(f"{command}: {error['message']}\n{error.get('stacktrace', '')}")
        return result

    def run(self, body, *arguments):
        """Runs the body of an asynchronous function, and gives what it returns."""
        script = (
            "const [done, ...given] = [arguments[arguments.length - 1], ...Array.prototype.slice.call(arguments, 0, -1)];"
            f"(async function (args) {{ {body} }})(given)"
            ".then(value => done({ value }), error => done({ error: `${error}\\n${error.stack}` }));"
        )
        result = self.call("WebDriver:ExecuteAsyncScript", {"script": script, "args": list(arguments), "newSandbox": True})
        result = result.get("value", result)
        if "error" in result:
            raise SystemExit(result["error"])
        return result.get("value")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def receive(stream):
    length = b""
    while (octet := stream.read(1)) != b":":
        if not octet:
            raise SystemExit("Thunderbird is gone")
        length += octet
    return json.loads(stream.read(int(length)))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


MODULES = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const wait = milliseconds => new Promise(resolve => Services.wm.getMostRecentWindow(null).setTimeout(resolve, milliseconds));
const until = async (what, look) => {
  for (let count = 0; count < 300; count++) {
    const found = look();
    if (found) return found;
    await wait(100);
  }
  throw new Error(`${what}: not within 30 s`);
};
"""

IMPORT = MODULES + """
const [password, sender, ca, p12, others, secret, publics] = args;
const database = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
const file = path => { const it = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile); it.initWithPath(path); return it; };
database.addCertFromBase64(ca, "CTu,CTu,CTu");
const outcome = database.importPKCS12File(file(p12), password);
if (outcome) throw new Error(`PKCS#12: ${outcome}`);
for (const der of others) {
  const octets = Array.from(atob(der), it => it.charCodeAt(0));
  database.importEmailCertificate(octets, octets.length, null);
}
const identity = MailServices.accounts.getIdentity("id1");
const own = database.getCerts().find(it => it.tokenName && it.containsEmailAddress && it.containsEmailAddress(sender));
for (const name of ["signing_cert_name", "encryption_cert_name"]) identity.setUnicharAttribute(name, own.displayName);
for (const name of ["signing_cert_dbkey", "encryption_cert_dbkey"]) identity.setUnicharAttribute(name, own.dbKey);
const { RNP } = ChromeUtils.importESModule("chrome://openpgp/content/modules/RNP.sys.mjs");
const { PgpSqliteDb2 } = ChromeUtils.importESModule("chrome://openpgp/content/modules/sqliteDb.sys.mjs");
const { EnigmailKeyRing } = ChromeUtils.importESModule("chrome://openpgp/content/modules/keyRing.sys.mjs");
const { EnigmailCore } = ChromeUtils.importESModule("chrome://openpgp/content/modules/core.sys.mjs");
await EnigmailCore.init();
const take = async (outcome, isSecret) => {
  const { exitCode, importedKeys } = await outcome;
  if (exitCode || !importedKeys?.length) throw new Error("OpenPGP: a key is not taken");
  EnigmailKeyRing.clearCache();
  for (const id of importedKeys) {
    const key = EnigmailKeyRing.getKeyById(id);
    await PgpSqliteDb2.updateAcceptance(key.fpr, [key.userId.match(/<(.*)>/)[1]], isSecret ? "personal" : "verified");
    if (isSecret) identity.setUnicharAttribute("openpgp_key_id", id.slice(2));
  }
};
await take(RNP.importSecKeyBlockImpl(null, null, false, secret), true);
for (const block of publics) await take(RNP.importPubkeyBlockAutoAcceptImpl(null, block, "verified"), false);
return `Thunderbird ${Services.appinfo.version}`;
"""

COMPOSE = MODULES + """
const [to, subject, body, technology, sign, encrypt] = args;
const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
fields.to = to;
fields.subject = subject;
fields.body = body;
const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
params.composeFields = fields;
params.identity = MailServices.accounts.getIdentity("id1");
params.type = Ci.nsIMsgCompType.New;
params.format = Ci.nsIMsgCompFormat.PlainText;
MailServices.compose.OpenComposeWindowWithParams(null, params);
const window = await until("the window", () => Services.wm.getMostRecentWindow("msgcompose"));
await until("the editor", () => window.gMsgCompose?.editor && window.gWindowLoaded !== false && window.document.readyState === "complete");
await wait(1500);
window.gSelectedTechnologyIsPGP = technology === "openpgp";
window.gSendSigned = sign;
window.gUserTouchedSendSigned = true;
window.gSendEncrypted = encrypt;
window.gUserTouchedSendEncrypted = true;
window.gAttachMyPublicPGPKey = false;
window.gEncryptSubject = true;
if (encrypt && technology === "smime") {
  await window.checkRecipientCerts([to]);
  if (window.gEmailsWithMissingCerts.length) throw new Error("no certificate of the recipient");
} else if (encrypt) {
  await window.checkRecipientKeys([to]);
  if (window.gEmailsWithMissingKeys.length) throw new Error("no key of the recipient");
}
window.GenericSendMessage(Ci.nsIMsgCompDeliverMode.Now);
"""


def base64_of(pem):
    return "".join(line for line in pem.read_text().splitlines() if not line.startswith("-----"))


def prepared(profile, port):
    thunderbird = Thunderbird(profile, port)
    imported = thunderbird.run(
        IMPORT,
        PASSWORD,
        SENDER,
        base64_of(KEYS / "ca.pem"),
        str(KEYS / f"{SENDER}.p12"),
        [base64_of(KEYS / f"{READER}.pem")],
        (KEYS / f"{SENDER}.secret.asc").read_text(),
        [(KEYS / f"{READER}.asc").read_text()],
    )
    return thunderbird, imported


# How Thunderbird shows one message: what stands in its window, and the colours of its seal and lock.
SHOW = MODULES + """
const [path] = args;
const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
file.initWithPath(path);
const server = MailServices.accounts.localFoldersServer;
const name = "shown";
let folder = server.rootFolder.containsChildNamed(name) ? server.rootFolder.getChildNamed(name) : null;
folder ??= server.rootFolder.QueryInterface(Ci.nsIMsgLocalMailFolder).createLocalSubfolder(name);
await new Promise((resolve, reject) => MailServices.copy.copyFileMessage(file, folder, null, false, 0, "", {
  QueryInterface: ChromeUtils.generateQI(["nsIMsgCopyServiceListener"]),
  onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() {},
  onStopCopy: status => Components.isSuccessCode(status) ? resolve() : reject(new Error(`copying: ${status}`)),
}, null));
let header;
for (const it of folder.messages) if (!header || it.messageKey > header.messageKey) header = it;
const { MailUtils } = ChromeUtils.importESModule("resource:///modules/MailUtils.sys.mjs");
MailUtils.openMessageInNewWindow(header);
const window = await until("the window", () => Services.wm.getMostRecentWindow("mail:messageWindow"));
const about = await until("the message", () => {
  const inner = window.document.getElementById("messageBrowser")?.contentWindow;
  return inner?.document?.readyState === "complete" && inner.gMessage ? inner : null;
});
await wait(3000);
const element = id => about.document.getElementById(id);
const shown = id => {
  const it = element(id);
  return !it || it.hidden ? null : (it.getAttribute("src") ?? "").replace(/^.*message-|\\.svg$/g, "") || it.textContent;
};
const found = {
  technology: element("cryptoBox")?.getAttribute("tech"),
  encrypted: shown("encryptedHdrIcon"),
  signed: shown("signedHdrIcon"),
  subject: element("expandedsubjectBox")?.textContent.replace(/^Subject:?/, "").trim(),
  text: about.getMessagePaneBrowser().contentDocument.body.innerText.trim(),
};
window.close();
return found;
"""


def read_messages(paths):
    """Thunderbird belongs to SENDER, to whom the messages are."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        thunderbird, version = prepared(pathlib.Path(profile), Sink().port)
        print(version)
        try:
            for path in paths:
                print(path.name, json.dumps(thunderbird.run(SHOW, str(path.resolve())), ensure_ascii=False, indent=1))
        finally:
            thunderbird.stop()


def make_samples():
    make_keys()
    SAMPLES.mkdir(exist_ok=True)
    sink = Sink()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        thunderbird, imported = prepared(pathlib.Path(profile), sink.port)
        print(imported)
        try:
            for technology in ["smime", "openpgp"]:
                for name, sign, encrypt in [("signed", True, False), ("encrypted", False, True), ("both", True, True)]:
                    count = len(sink.messages)
                    subject = f"Offer 4711 ({technology}, {name})"
                    body = "Ten pieces at the old price, Grüße aus Köln.\nFrom here on the line begins with a word.\n\n- done\n"
                    thunderbird.run(COMPOSE, READER, subject, body, technology, sign, encrypt)
                    message = sink.wait_for(count + 1)
                    (SAMPLES / f"{technology}-{name}.eml").write_bytes(message)
                    print(technology, name, len(message), email.message_from_bytes(message).get_content_type())
        finally:
            thunderbird.stop()


if __name__ == "__main__":
    if sys.argv[1:] == ["samples"]:
        make_samples()
    elif sys.argv[1:2] == ["read"] and sys.argv[2:]:
        read_messages([pathlib.Path(path) for path in sys.argv[2:]])
    else:
        raise SystemExit(__doc__)
