"""Signs in on the page with each password in turn. Arguments: address, then `PASSWORD=STATUS` for each try."""
import sys

from web_browser import Browser

address, *tries = sys.argv[1:]
for one in tries:
    password, status = one.rsplit("=", 1)
    browser = Browser()
    found, to, text = browser.sign_in(address, password)
    assert found == int(status), (one, found, to, text)
    if found == 401:
        assert "wrong, or the account is out of use" in text, text
        assert "__Host-session" not in browser.cookies
    else:
        text = browser.get("/account/password")[2]
        assert "公司目录" in text or "company&#39;s directory" in text, text
